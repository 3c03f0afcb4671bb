internal import ApusCore
internal import ApusModels

/// Which KV blocks hold which beginnings of texts, so that sequences that begin alike compute and keep that once.
///
/// A pure value beside a `KVBlockAllocator`: the tree is one user of every block that it has. Full blocks are shared by
/// any number of sequences, while they run too; a block that is filled in part is written to by its sequence, so only
/// its copy goes to others, and the tree has it after the sequence has ended. A sequence begins with `match`, gives the
/// blocks that it fills with `insert`, and ends with `finish` or `discard`. Its `Hold` keeps what it uses meanwhile.
///
/// Tokens are compared one by one, so that a match is never wrong. A match takes time for the tokens of its prompt and
/// for the logarithm of how many blocks follow one beginning; nothing depends on how much is cached beside.
package struct BlockTree: Sendable {
  /// A running sequence's place in the tree, the last of its blocks that are there; those up to it stay.
  package struct Hold: Sendable {
    var node: Int32
    /// How many blocks lead to the place.
    package internal(set) var blocks: Int
    /// How many of them were there before.
    let matched: Int
  }

  /// What a sequence goes on with.
  package struct Match: Sendable {
    /// Full blocks with the tokens that come next; the sequence is now a user of each.
    package internal(set) var blocks: [Int32] = []
    /// A block that begins with tokens that follow; nil for none.
    package internal(set) var tail: Tail?
    /// The slot with the state of recurrent layers behind `blocks`, where that was asked for; the hold keeps it.
    package internal(set) var snapshot: Int32?
    package var hold: Hold
  }

  /// A block whose first `positions` positions are of use to a sequence once it has copied them.
  ///
  /// Whoever gets it is a user of the block and releases it after it was copied, or if it will not be.
  package struct Tail: Sendable, Equatable {
    package let block: Int32
    package let positions: Int

    package init(block: Int32, positions: Int) { (self.block, self.positions) = (block, positions) }
  }

  /// What was found for sequences.
  package struct Counts: Sendable, Equatable {
    /// Sequences that began with at least a token, and with none.
    package internal(set) var hits = 0, misses = 0
    /// Tokens that sequences did not compute, those to be copied included.
    package internal(set) var matchedTokens = 0
    /// Blocks that were given up for others.
    package internal(set) var evictions = 0
  }

  /// The root first; a place of which the block is -1 is free, but for the roots.
  var nodes = [Node()]
  /// Tokens of all nodes: a full block's room for each.
  var tokens = [Token](repeating: 0, count: BlockTree.size)
  var freeNodes: [Int32] = []
  /// Where texts with adapters begin.
  var roots: [[AdapterUse]: Int32] = [:]
  /// Blocks that no running sequence uses.
  package internal(set) var idleCount = 0
  package private(set) var counts = Counts()
  /// Slots that the tree no longer has.
  private var freedSnapshots: [Int32] = []

  static let size = KVCacheLayout.blockPositions
  static let root: Int32 = 0

  package init() {}

  /// All blocks of the tree, in no order.
  package var blocks: [Int32] { nodes.map(\.block).filter { $0 >= 0 } }

  /// All slots that are not the caller's, those that were given up included.
  var snapshotSlots: [Int32] { nodes.compactMap(\.snapshot) + freedSnapshots }

  /// The slots of snapshots that were given up or not needed since the last call: they are the caller's again.
  package mutating func takeFreedSnapshots() -> [Int32] {
    defer { freedSnapshots = [] }
    return freedSnapshots
  }

  /// Finds the longest cached beginning of `text`, and lets a sequence go on with what of it lies behind `hold`.
  ///
  /// A new sequence has the empty hold. With `needsSnapshot` the match ends where the tree has a snapshot, and no block
  /// is copied.
  package mutating func match(
    _ text: ArraySlice<Token>, behind hold: Hold? = nil, needsSnapshot: Bool = false,
    _ allocator: inout KVBlockAllocator
  ) -> Match {
    let start = hold ?? emptyHold
    var (node, rest, path) = (start.node, text.dropFirst(start.blocks * Self.size), [Int32]())
    var tail: (node: Int32, count: Int)?
    while tail == nil, let next = nearest(to: rest.prefix(Self.size), below: node) {
      guard next.count == Self.size else {
        tail = next
        continue
      }
      node = next.node
      path.append(node)
      rest = rest.dropFirst(Self.size)
    }
    if needsSnapshot {
      tail = nil
      while let last = path.last, nodes[Int(last)].snapshot == nil { path.removeLast() }
    }
    for node in path { self.hold(node) }
    let blocks = path.map { nodes[Int($0)].block }
    allocator.share(blocks)
    let depth = start.blocks + blocks.count
    // Behind blocks that the sequence has brought itself, those of others count as its own: they go with them.
    let matched = start.matched == start.blocks ? depth : start.matched
    var match = Match(blocks: blocks, hold: Hold(node: path.last ?? start.node, blocks: depth, matched: matched))
    if needsSnapshot { match.snapshot = path.last.flatMap { nodes[Int($0)].snapshot } }
    if let tail {
      renew(tail.node)
      match.tail = Tail(block: nodes[Int(tail.node)].block, positions: tail.count)
      allocator.share(CollectionOfOne(nodes[Int(tail.node)].block))
    }
    return match
  }

  /// How many of the first blocks of `text`, with these adapters, running sequences hold, of those that `match` would give.
  func heldBlocks(of text: ArraySlice<Token>, _ adapters: [AdapterUse], needsSnapshot: Bool) -> Int {
    guard let root = root(of: adapters) else { return 0 }
    var (node, rest, depth, held) = (root, text, 0, 0)
    while let next = nearest(to: rest.prefix(Self.size), below: node), next.count == Self.size {
      guard nodes[Int(next.node)].holders > 0 else { break }
      (node, rest, depth) = (next.node, rest.dropFirst(Self.size), depth + 1)
      if !needsSnapshot || nodes[Int(node)].snapshot != nil { held = depth }
    }
    return held
  }

  /// The hold of a sequence that starts with nothing.
  package var emptyHold: Hold { Hold(node: Self.root, blocks: 0, matched: 0) }

  /// Takes in the full blocks of a running sequence that are not yet there.
  ///
  /// `text` is all of the sequence whose keys and values are stored, `table` its blocks. Where the tree has a block of
  /// the same tokens already, that one takes the place of the sequence's own in `table`: their bits are the same.
  /// `snapshot` is the slot with the state of recurrent layers behind the last full block; the tree has one for each
  /// place, and gives back what it does not need. Costs time for the new blocks only.
  package mutating func insert(
    _ text: ArraySlice<Token>, _ table: inout [Int32], at hold: inout Hold, snapshot: Int32? = nil,
    _ allocator: inout KVBlockAllocator
  ) {
    let new = text.dropFirst(hold.blocks * Self.size)
    for start in stride(from: new.startIndex, through: new.endIndex - Self.size, by: Self.size) {
      let own = table[hold.blocks]
      let node = child(new[start..<start + Self.size], own, below: hold.node, &allocator)
      let block = nodes[Int(node)].block
      if block != own {
        allocator.share(CollectionOfOne(block))
        allocator.release(CollectionOfOne(own))
        table[hold.blocks] = block
      }
      self.hold(node)
      (hold.node, hold.blocks) = (node, hold.blocks + 1)
    }
    guard let snapshot else { return }
    if hold.blocks > 0, nodes[Int(hold.node)].snapshot == nil {
      nodes[Int(hold.node)].snapshot = snapshot
    } else {
      freedSnapshots.append(snapshot)
    }
  }

  /// Ends a sequence: the tree keeps what is stored of `text`, and the sequence is no longer a user of its blocks.
  package mutating func finish(
    _ text: ArraySlice<Token>, _ table: [Int32], _ hold: Hold, _ allocator: inout KVBlockAllocator
  ) {
    var (table, hold) = (table, hold)
    insert(text, &table, at: &hold, &allocator)
    let tail = text.dropFirst(hold.blocks * Self.size)
    if !tail.isEmpty { renew(child(tail, table[hold.blocks], below: hold.node, &allocator)) }
    release(hold.node)
    allocator.release(table)
  }

  /// Ends a sequence and forgets what it has brought, but for blocks that others use by now.
  package mutating func discard(_ table: [Int32], _ hold: Hold, _ allocator: inout KVBlockAllocator) {
    release(hold.node)
    var node = hold.node
    for _ in hold.matched..<hold.blocks where nodes[Int(node)].isIdleLeaf {
      let parent = nodes[Int(node)].parent
      remove(node, &allocator)
      node = parent
    }
    allocator.release(table)
  }

  /// Gives up the least recently used block of those that no sequence uses and that no other one follows.
  ///
  /// That block is free then; false where there is none.
  package mutating func evict(_ allocator: inout KVBlockAllocator) -> Bool {
    // The oldest one is a leaf. It is in use only where a match's tail waits to be copied.
    var node = nodes[Int(Self.root)].newer
    while node != Self.root {
      if nodes[Int(node)].isIdleLeaf, !allocator.isShared(nodes[Int(node)].block) {
        remove(node, &allocator)
        counts.evictions += 1
        return true
      }
      node = nodes[Int(node)].newer
    }
    return false
  }

  /// Counts a sequence that begins with so many tokens that were found.
  package mutating func noteStart(found: Int) {
    if found > 0 { counts.hits += 1 } else { counts.misses += 1 }
    counts.matchedTokens += found
  }

  /// Counts tokens that were found for a sequence after it had begun.
  mutating func noteFound(_ tokens: Int) { counts.matchedTokens += tokens }

  /// Takes a leaf out of the tree.
  mutating func remove(_ node: Int32, _ allocator: inout KVBlockAllocator) {
    allocator.release(CollectionOfOne(nodes[Int(node)].block))
    if let snapshot = nodes[Int(node)].snapshot { freedSnapshots.append(snapshot) }
    detach(node)
  }
}
