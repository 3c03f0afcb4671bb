internal import ApusCore
internal import ApusModels

// What a sequence goes on with.

extension BlockTree {
  /// Finds the longest cached beginning of `text`, and lets a sequence go on with what of it lies behind `hold`.
  ///
  /// A new sequence has the empty hold. The match ends where all is kept that is needed to go on; with snapshots no block
  /// is copied.
  package mutating func match(
    _ text: ArraySlice<Token>, behind hold: Hold? = nil, _ allocator: inout KVBlockAllocator
  ) -> Match {
    let start = hold ?? emptyHold
    let (path, tail) = path(of: text, behind: start)
    let depth = start.blocks + path.count
    // Behind blocks that the sequence has brought itself, those of others count as its own: they go with them.
    let matched = start.matched == start.blocks ? depth : start.matched
    var match = Match(hold: Hold(node: path.last ?? start.node, blocks: depth, matched: matched))
    for node in path { self.hold(node) }
    match.table.full = path.map { nodes[Int($0)].block }
    allocator.share(match.table.full)
    if let count = windows?.needed(at: depth) {
      let needed = path.suffix(count)
      let blocks = needed.compactMap { nodes[Int($0)].windowBlock }
      match.table.windowed = repeatElement(AttentionBatch.givenUp, count: path.count - needed.count) + blocks
      shareWindowBlocks(blocks)
    }
    if needsSnapshots { match.snapshot = path.last.flatMap { nodes[Int($0)].snapshot } }
    if let tail {
      renew(tail.node)
      match.tail = makeTail(of: nodes[Int(tail.node)], positions: tail.count, &allocator)
    }
    return match
  }

  private mutating func makeTail(of node: Node, positions: Int, _ allocator: inout KVBlockAllocator) -> Tail {
    let tail = Tail(
      block: node.block, windowBlock: node.windowBlock ?? AttentionBatch.givenUp, positions: positions)
    share(tail, &allocator)
    return tail
  }

  /// Makes a sequence a user of the blocks of a tail.
  mutating func share(_ tail: Tail, _ allocator: inout KVBlockAllocator) {
    allocator.share(CollectionOfOne(tail.block))
    shareWindowBlocks(CollectionOfOne(tail.windowBlock))
  }

  /// Ends the use of the blocks of a tail.
  mutating func release(_ tail: Tail, _ allocator: inout KVBlockAllocator) {
    allocator.release(CollectionOfOne(tail.block))
    releaseWindowBlocks(CollectionOfOne(tail.windowBlock))
  }

  /// How many of the first blocks of `text`, with this root, running sequences hold, of those that `match` would give.
  func heldBlocks(of text: ArraySlice<Token>, _ root: Root) -> Int {
    guard let node = node(of: root) else { return 0 }
    return path(of: text, behind: Hold(node: node, blocks: 0, matched: 0), isHeld: true).nodes.count
  }

  /// The nodes behind `hold` of the longest beginning of `text` that a sequence can go on from, and one with a beginning
  /// of what follows; with `isHeld` only such that running sequences hold.
  private func path(
    of text: ArraySlice<Token>, behind hold: Hold, isHeld: Bool = false
  ) -> (nodes: [Int32], tail: (node: Int32, count: Int)?) {
    var (node, rest, path) = (hold.node, text.dropFirst(hold.blocks * Self.size), [Int32]())
    // How many of the last nodes have window blocks, and how many nodes lead to a place to go on from.
    var (windowed, usable) = (0, 0)
    while let next = nearest(to: rest.prefix(Self.size), below: node) {
      guard next.count == Self.size, !isHeld || nodes[Int(next.node)].holders > 0 else {
        let hasTail = usable == path.count && !needsSnapshots
        let hasWindow = windows == nil || nodes[Int(next.node)].windowBlock != nil
        return (Array(path.prefix(usable)), hasTail && hasWindow ? next : nil)
      }
      node = next.node
      path.append(node)
      rest = rest.dropFirst(Self.size)
      windowed = nodes[Int(node)].windowBlock == nil ? 0 : windowed + 1
      let needed = windows.map { min(path.count, $0.needed(at: hold.blocks + path.count)) } ?? 0
      if windowed >= needed, !needsSnapshots || nodes[Int(node)].snapshot != nil { usable = path.count }
    }
    return (Array(path.prefix(usable)), nil)
  }
}
