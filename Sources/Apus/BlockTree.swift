internal import ApusCore
internal import ApusModels

/// Which KV blocks hold which beginnings of texts, so that sequences that begin alike compute and keep that once.
///
/// A pure value beside a `KVBlockAllocator`: the tree is one user of every block that it has. Full blocks are shared by
/// any number of sequences, while they run too; a block that is filled in part is written to by its sequence, so only
/// its copy goes to others, and the tree has it after the sequence has ended. To go on from a place a sequence may need
/// more than the blocks before it: a snapshot of recurrent layers, the window blocks of windowed ones. A match ends at the
/// deepest place where all of that is kept. A sequence begins with `match`, gives the
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
    /// Full blocks with the tokens that come next, and of their window blocks those that the window sees from their end;
    /// the sequence is now a user of each.
    package internal(set) var table = KVBlockTable()
    /// A block that begins with tokens that follow; nil for none.
    package internal(set) var tail: Tail?
    /// The slot with the state of recurrent layers behind these, where there are such; the hold keeps it.
    package internal(set) var snapshot: Int32?
    package var hold: Hold

    package var blocks: [Int32] { table.full }
  }

  /// A block whose first `positions` positions are of use to a sequence once it has copied them.
  ///
  /// Whoever gets it is a user of the block and releases it after it was copied, or if it will not be.
  package struct Tail: Sendable, Equatable {
    package let block: Int32
    /// The block of windowed layers; `AttentionBatch.givenUp` without such layers.
    package let windowBlock: Int32
    package let positions: Int

    package init(block: Int32, windowBlock: Int32 = AttentionBatch.givenUp, positions: Int) {
      (self.block, self.windowBlock, self.positions) = (block, windowBlock, positions)
    }
  }

  /// What was found for sequences.
  package struct Counts: Sendable, Equatable {
    /// Sequences that began with at least a token, and with none.
    package internal(set) var hits = 0, misses = 0
    /// Tokens that sequences did not compute, those to be copied included.
    package internal(set) var matchedTokens = 0
    /// Blocks that were given up for others.
    package internal(set) var evictions = 0
    /// Window blocks that were given up for others, while the texts stayed.
    package internal(set) var windowEvictions = 0
  }

  /// The root first; a place of which the block is -1 is free, but for the roots.
  var nodes = [Node()]
  /// Tokens of all nodes: a full block's room for each.
  var tokens = [Token](repeating: 0, count: BlockTree.size)
  var freeNodes: [Int32] = []
  /// Where texts with adapters or a salt begin.
  var roots: [Root: Int32] = [:]
  /// Nodes that no running sequence uses.
  var idle = UseOrder()
  /// Window blocks; nil for a model without windowed layers.
  var windows: WindowPool?
  /// Whether a sequence goes on only where there is a snapshot.
  let needsSnapshots: Bool
  package internal(set) var counts = Counts()
  /// Slots that the tree no longer has.
  private var freedSnapshots: [Int32] = []

  static let size = KVCacheLayout.blockPositions
  static let root: Int32 = 0

  /// For a model with recurrent layers `needsSnapshots`; for one with windowed layers, `window` positions that these
  /// keep, and so many blocks for them.
  package init(needsSnapshots: Bool = false, window: Int? = nil, windowBlocks: Int = 0) {
    self.needsSnapshots = needsSnapshots
    windows = window.map { WindowPool(window: $0, blocks: windowBlocks) }
  }

  /// Blocks that no running sequence uses.
  package var idleCount: Int { idle.count }

  /// All blocks of the tree, in no order.
  package var blocks: [Int32] { nodes.map(\.block).filter { $0 >= 0 } }

  /// All slots that are not the caller's, those that were given up included.
  var snapshotSlots: [Int32] { nodes.compactMap(\.snapshot) + freedSnapshots }

  /// The slots of snapshots that were given up or not needed since the last call: they are the caller's again.
  package mutating func takeFreedSnapshots() -> [Int32] {
    defer { freedSnapshots = [] }
    return freedSnapshots
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
    _ text: ArraySlice<Token>, _ table: inout KVBlockTable, at hold: inout Hold, snapshot: Int32? = nil,
    _ allocator: inout KVBlockAllocator
  ) {
    let new = text.dropFirst(hold.blocks * Self.size)
    for start in stride(from: new.startIndex, through: new.endIndex - Self.size, by: Self.size) {
      let own = table.full[hold.blocks]
      let node = child(new[start..<start + Self.size], own, below: hold.node, &allocator)
      let block = nodes[Int(node)].block
      if block != own {
        allocator.share(CollectionOfOne(block))
        allocator.release(CollectionOfOne(own))
        table.full[hold.blocks] = block
      }
      // A restored text has none where none will be looked at.
      if windows != nil, table.windowed[hold.blocks] != AttentionBatch.givenUp {
        table.windowed[hold.blocks] = keepWindowBlock(table.windowed[hold.blocks], at: node)
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
    _ text: ArraySlice<Token>, _ table: KVBlockTable, _ hold: Hold, _ allocator: inout KVBlockAllocator
  ) {
    var (table, hold) = (table, hold)
    insert(text, &table, at: &hold, &allocator)
    let tail = text.dropFirst(hold.blocks * Self.size)
    if !tail.isEmpty {
      let node = child(tail, table.full[hold.blocks], below: hold.node, &allocator)
      renew(node)
      // A node with more tokens than these needs more than the sequence has stored.
      if windows != nil, nodes[Int(node)].count == tail.count {
        table.windowed[hold.blocks] = keepWindowBlock(table.windowed[hold.blocks], at: node)
      }
    }
    release(hold.node)
    release(table, &allocator)
  }

  mutating func release(_ table: KVBlockTable, _ allocator: inout KVBlockAllocator) {
    allocator.release(table.full)
    releaseWindowBlocks(table.windowed)
  }

  /// Ends a sequence and forgets what it has brought, but for blocks that others use by now.
  package mutating func discard(_ table: KVBlockTable, _ hold: Hold, _ allocator: inout KVBlockAllocator) {
    release(hold.node)
    var node = hold.node
    for _ in hold.matched..<hold.blocks where nodes[Int(node)].isIdleLeaf {
      let parent = nodes[Int(node)].parent
      remove(node, &allocator)
      node = parent
    }
    release(table, &allocator)
  }

  /// Gives up the least recently used block of those that no sequence uses and that no other one follows.
  ///
  /// That block is free then; false where there is none.
  package mutating func evict(_ allocator: inout KVBlockAllocator) -> Bool {
    // The oldest one is a leaf. It is in use only where a match's tail waits to be copied.
    var oldest = idle.next(after: nil)
    while let node = oldest {
      if nodes[Int(node)].isIdleLeaf, !allocator.isShared(nodes[Int(node)].block) {
        remove(node, &allocator)
        counts.evictions += 1
        return true
      }
      oldest = idle.next(after: node)
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
    dropWindowBlock(of: node)
    if let snapshot = nodes[Int(node)].snapshot { freedSnapshots.append(snapshot) }
    detach(node)
  }
}
