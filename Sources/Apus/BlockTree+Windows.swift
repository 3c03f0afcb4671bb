internal import ApusCore

// KV blocks of windowed layers. A node has one as long as there is room: those that no running sequence uses give way, the
// least recently used first, and their nodes stay. A sequence gives up what its window has left behind, from its
// beginning on, so the middle of a text goes before its end.

/// The KV blocks of windowed layers, who uses each, and which nodes have some.
struct WindowPool: Sendable {
  /// Positions that windowed layers keep, the next one included.
  let window: Int
  var allocator: KVBlockAllocator
  /// The node that has each block; the root for none.
  var nodes: [Int32]
  /// Blocks that only their nodes use.
  var idle = UseOrder()

  init(window: Int, blocks: Int) {
    self.window = window
    allocator = KVBlockAllocator(count: blocks)
    nodes = Array(repeating: BlockTree.root, count: blocks)
  }
}

extension BlockTree {
  /// The window blocks of all nodes, in no order.
  package var windowBlocks: [Int32] { nodes.compactMap(\.windowBlock) }

  /// Window blocks that are free or would give way.
  var spareWindowBlocks: Int { windows.map { $0.allocator.freeCount + $0.idle.count } ?? 0 }

  /// Whether a window block has more than one user, and must not be written to.
  func isShared(windowBlock block: Int32) -> Bool { windows?.allocator.isShared(block) == true }

  /// A window block for a running sequence: a free one, or one that gives way; nil where all are in use.
  package mutating func takeWindowBlock() -> Int32? {
    if let block = windows?.allocator.take() { return block }
    guard let node = windows?.oldestIdleNode else { return nil }
    dropWindowBlock(of: node)
    counts.windowEvictions += 1
    return windows?.allocator.take()
  }

  /// Makes a sequence one more user of blocks in use; those that were given up do not count.
  mutating func shareWindowBlocks(_ blocks: some Sequence<Int32>) {
    for block in blocks where block != AttentionBatch.givenUp {
      if windows?.isIdle(block) == true { windows?.idle.remove(block) }
      windows?.allocator.share(CollectionOfOne(block))
    }
  }

  /// Ends a sequence's use of blocks; those that were given up do not count.
  package mutating func releaseWindowBlocks(_ blocks: some Sequence<Int32>) {
    for block in blocks where block != AttentionBatch.givenUp {
      windows?.allocator.release(CollectionOfOne(block))
      if windows?.isIdle(block) == true { windows?.idle.append(block) }
    }
  }

  /// Gives a node the window block of a sequence, unless it has one: that takes the place of the sequence's own.
  mutating func keepWindowBlock(_ own: Int32, at node: Int32) -> Int32 {
    if let kept = nodes[Int(node)].windowBlock {
      shareWindowBlocks(CollectionOfOne(kept))
      releaseWindowBlocks(CollectionOfOne(own))
      return kept
    }
    nodes[Int(node)].windowBlock = own
    windows?.nodes[Int(own)] = node
    windows?.allocator.share(CollectionOfOne(own))
    return own
  }

  /// Takes a node's window block from it, if it has one.
  mutating func dropWindowBlock(of node: Int32) {
    guard let block = nodes[Int(node)].windowBlock else { return }
    if windows?.isIdle(block) == true { windows?.idle.remove(block) }
    nodes[Int(node)].windowBlock = nil
    windows?.nodes[Int(block)] = Self.root
    windows?.allocator.release(CollectionOfOne(block))
  }

  /// What is wrong with window blocks if `tables` are those of all running sequences and tails; nil if all is well.
  package func findWindowFault(tables: [[Int32]]) -> String? {
    guard let windows else { return nodes.contains { $0.windowBlock != nil } ? "a window block without windows" : nil }
    let kept = nodes.indices.filter { nodes[$0].windowBlock != nil }
    let owned = windows.nodes.indices.filter { windows.nodes[$0] != Self.root }
    guard kept.count == owned.count, owned.allSatisfy({ nodes[Int(windows.nodes[$0])].windowBlock == Int32($0) })
    else { return "window blocks and nodes do not agree" }
    let idle = windows.idle.numbers
    guard idle.count == windows.idle.count, Set(idle) == Set(owned.map { Int32($0) }.filter(windows.isIdle)) else {
      return "\(idle.count) window blocks stand in the order of use, of \(windows.idle.count)"
    }
    let inUse = tables.map { $0.filter { $0 != AttentionBatch.givenUp } }
    return windows.allocator.findFault(tables: inUse + [kept.compactMap { nodes[$0].windowBlock }])
  }
}

extension WindowPool {
  /// Whether only a node uses a block.
  func isIdle(_ block: Int32) -> Bool { nodes[Int(block)] != BlockTree.root && !allocator.isShared(block) }

  /// The node whose block gives way next.
  var oldestIdleNode: Int32? { idle.next(after: nil).map { nodes[Int($0)] } }

  /// How many window blocks before place `depth` (in KV blocks) a sequence needs that goes on there.
  func needed(at depth: Int) -> Int {
    depth - KVCacheLayout.firstKeptBlock(at: depth * KVCacheLayout.blockPositions, window: window)
  }
}
