internal import ApusCore
internal import ApusModels

// Texts whose blocks are copied out of the cache, or into it, between two steps.

extension BlockTree {
  /// The blocks, and the snapshot, that a sequence would begin `text` with; they are the newest then.
  ///
  /// Nobody holds them: they are to be looked at before anything else is done with the tree.
  mutating func find(
    _ text: ArraySlice<Token>, _ root: Root, _ allocator: inout KVBlockAllocator
  ) -> (table: KVBlockTable, snapshot: Int32?) {
    let match = match(text, behind: start(root), &allocator)
    if let tail = match.tail { release(tail, &allocator) }
    release(match.hold.node)
    release(match.table, &allocator)
    return (match.table, match.snapshot)
  }

  /// A hold on the first `count` blocks of `text`, whatever else is kept of them; nil where the tree lacks one.
  mutating func hold(_ count: Int, of text: ArraySlice<Token>, _ root: Root) -> Hold? {
    let start = start(root)
    var (node, rest) = (start.node, text)
    for _ in 0..<count {
      guard let next = nearest(to: rest.prefix(Self.size), below: node), next.count == Self.size else {
        release(node)
        return nil
      }
      node = next.node
      hold(node)
      rest = rest.dropFirst(Self.size)
    }
    return Hold(node: node, blocks: count, matched: count)
  }
}
