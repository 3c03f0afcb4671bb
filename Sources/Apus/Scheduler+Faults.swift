internal import ApusCore

extension Scheduler {
  /// What is wrong inside between two steps; nil if all is well.
  ///
  /// Costs time for all blocks.
  package func checkIntegrity() -> String? {
    for sequence in running {
      if let fault = fault(of: sequence) { return "sequence \(sequence.id) \(fault)" }
    }
    guard running.count <= limits.maximumSequences else { return "too many sequences" }
    let resting = waiting.map(\.id) + parked.keys
    guard Set(running.map(\.id) + resting).count == running.count + resting.count else {
      return "a request is twice here"
    }
    for list in [waiting, running] where !zip(list, list.dropFirst()).allSatisfy({ $0.isMoreUrgent(than: $1) }) {
      return "requests are out of order"
    }
    return tree.findFault(holds: running.compactMap(\.hold)) ?? allocator.findFault(tables: tables)
      ?? tree.findWindowFault(tables: windowTables) ?? faultOfSlots()
  }

  private var tables: [[Int32]] {
    running.map(\.table.full) + [tree.blocks] + [running.compactMap(\.tail?.block)]
  }

  private var windowTables: [[Int32]] {
    running.map(\.table.windowed) + [running.compactMap(\.tail?.windowBlock)]
  }

  private func fault(of sequence: SequenceState) -> String? {
    let stored = sequence.processed - (sequence.tail?.positions ?? 0)
    let table = sequence.table
    guard table.full.count >= KVCacheLayout.blocks(forPositions: stored) else { return "has too few KV blocks" }
    if let fault = limits.window.flatMap({ fault(of: table.windowed, $0, stored) }) { return fault }
    let unwritten = table.full.dropFirst(stored / KVCacheLayout.blockPositions)
    guard !unwritten.contains(where: allocator.isShared) else { return "is about to write to a KV block of others" }
    guard sequence.tokens.count <= limits.contextLength, sequence.remaining > 0 else {
      return "has \(sequence.tokens.count) tokens, \(sequence.processed) processed"
    }
    return (sequence.stateSlot != nil) == limits.hasStates ? nil : "has no state slot, or one too many"
  }

  /// A sequence has the window blocks of its next token's window, and none before them.
  private func fault(of windowBlocks: [Int32], _ window: Int, _ stored: Int) -> String? {
    let first = KVCacheLayout.firstKeptBlock(at: stored, window: window)
    guard windowBlocks.count >= KVCacheLayout.blocks(forPositions: stored),
      windowBlocks.prefix(first).allSatisfy({ $0 == AttentionBatch.givenUp }),
      !windowBlocks.dropFirst(first).contains(AttentionBatch.givenUp)
    else { return "has window blocks \(windowBlocks) for \(stored) tokens" }
    let unwritten = windowBlocks.dropFirst(stored / KVCacheLayout.blockPositions)
    return unwritten.contains(where: { tree.isShared(windowBlock: $0) })
      ? "is about to write to a window block of others" : nil
  }

  /// Each state slot is free, a sequence's, or one of the tree's snapshots.
  private func faultOfSlots() -> String? {
    let slots = freeSlots + running.compactMap(\.stateSlot) + tree.snapshotSlots
    return slots.count == limits.stateSlots && Set(slots).count == slots.count
      ? nil : "\(slots.count) state slots are accounted for, of \(limits.stateSlots)"
  }
}
