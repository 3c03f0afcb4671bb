internal import ApusCore

// KV blocks and state slots: who gets them, and who gives them up.

extension Scheduler {
  /// Lets requests begin while there are places, and KV blocks for all of their tokens.
  mutating func startWaiting() {
    while running.count < limits.maximumSequences, let first = waiting.first {
      let shared = sharedBlocks(of: first)
      guard hasRoom(for: first, shared) else { break }
      var sequence = waiting.removeFirst()
      sequence.expectedBlocks = shared
      sequence.start(
        tree.start(sequence.root), stateSlot: limits.hasStates ? takeSlot() : nil, window: limits.window)
      running.insert(byUrgency: sequence)
    }
  }

  /// Whether a sequence can begin without taking KV blocks that running ones need soon; always if none runs.
  private func hasRoom(for sequence: SequenceState, _ shared: Int) -> Bool {
    if running.isEmpty { return true }
    let needed = KVCacheLayout.blocks(forPositions: sequence.tokens.count) - shared
    let promised = running.reduce(0) { $0 + $1.promisedBlocks + ($1.isWhole ? 0 : 1) }
    return needed + promised <= allocator.freeCount + tree.idleCount && hasWindowRoom(for: needed)
  }

  /// The same for window blocks, of which a sequence that needs `count` KV blocks needs no more than its window.
  private func hasWindowRoom(for count: Int) -> Bool {
    guard let most = limits.windowSpan else { return true }
    let promised = running.reduce(0) { sum, sequence in
      sum + max(0, min(sequence.promisedWindowBlocks, most - sequence.heldWindowBlocks)) + 1
    }
    return min(most, count) + promised <= tree.spareWindowBlocks
  }

  /// Full blocks at a sequence's beginning that running ones hold or will have computed.
  private func sharedBlocks(of sequence: SequenceState) -> Int {
    let text = sequence.reusable
    let held = tree.heldBlocks(of: text, sequence.root)
    let alike = running.lazy.filter { $0.root == sequence.root }
    let common = alike.map { $0.common(with: text) }.max() ?? 0
    return max(held, common / KVCacheLayout.blockPositions)
  }

  /// Takes KV blocks for the next `count` tokens of a running sequence; for how many of them there are enough.
  mutating func reserve(_ count: Int, at index: Int) -> Int {
    while running[index].missingBlocks(for: count) > 0, let block = takeBlock(for: index) {
      running[index].table.full.append(block)
    }
    while running[index].missingWindowBlocks(for: min(count, running[index].fullRoom)) > 0,
      let block = takeWindowBlock(for: index)
    {
      running[index].table.windowed.append(block)
    }
    if running[index].room <= 0, let tail = running[index].dropTail() {
      tree.release(tail, &allocator)
      return reserve(count, at: index)
    }
    return min(count, running[index].room)
  }

  /// A KV block: a free one, a cached one, or one of a sequence that is less urgent.
  private mutating func takeBlock(for index: Int) -> Int32? {
    while true {
      if let block = allocator.take() { return block }
      if tree.evict(&allocator) { continue }
      guard index < running.count - 1 else { return nil }
      preemptLast()
    }
  }

  /// The same for a window block.
  private mutating func takeWindowBlock(for index: Int) -> Int32? {
    while true {
      if let block = tree.takeWindowBlock() { return block }
      guard index < running.count - 1 else { return nil }
      preemptLast()
    }
  }

  /// A KV block that is free or only cached, where enough of them are left for each running sequence.
  mutating func takeSpareBlock() -> Int32? {
    guard allocator.freeCount + tree.idleCount > running.count else { return nil }
    if allocator.freeCount == 0, !tree.evict(&allocator) { return nil }
    return allocator.take()
  }

  /// The same for a window block.
  mutating func takeSpareWindowBlock() -> Int32? {
    tree.spareWindowBlocks > running.count ? tree.takeWindowBlock() : nil
  }

  private mutating func preemptLast() {
    guard let id = running.last?.id, var sequence = letGo(id, keepsPrefix: true) else { return }
    sequence.rest()
    waiting.insert(byUrgency: sequence)
    preemptions += 1
  }

  /// Takes a sequence out of those that run; what is stored of it stays in the tree, or is forgotten.
  @discardableResult
  mutating func letGo(_ id: Int, keepsPrefix: Bool) -> SequenceState? {
    guard let index = running.firstIndex(where: { $0.id == id }) else { return nil }
    var sequence = running.remove(at: index)
    if let tail = sequence.dropTail() { tree.release(tail, &allocator) }
    if let hold = sequence.hold {
      if keepsPrefix {
        tree.finish(sequence.tokens[..<usable(sequence.processed)], sequence.table, hold, &allocator)
      } else {
        tree.discard(sequence.table, hold, &allocator)
      }
    }
    if let slot = sequence.stateSlot { freeSlots.append(slot) }
    return sequence
  }

  /// How many of so many stored tokens others can begin with: states are kept behind full blocks only.
  private func usable(_ count: Int) -> Int {
    limits.hasStates ? count - count % KVCacheLayout.blockPositions : count
  }

  /// Slots for the states behind each KV block that the next `count` tokens fill, proposed ones included, as far as there
  /// are some.
  mutating func takeSnapshotSlots(_ sequence: SequenceState, _ count: Int) -> [Int32] {
    guard limits.hasStates else { return [] }
    let size = KVCacheLayout.blockPositions
    let filled = (sequence.processed + count) / size - sequence.processed / size
    return (0..<filled).compactMap { _ in takeSlot(leaving: limits.maximumSequences - running.count) }
  }

  /// A free state slot, where more than `rest` are free.
  mutating func takeSlot(leaving rest: Int = 0) -> Int32? {
    freeSlots += tree.takeFreedSnapshots()
    return freeSlots.count > rest ? freeSlots.popLast() : nil
  }
}
