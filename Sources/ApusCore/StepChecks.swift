/// What the checked front knows of the step that a backend is in.
///
/// A backend keeps one and leaves it alone; what it needs of the batch itself, `_begin` gives it.
package final class StepChecks {
  private var batch = AttentionBatch()
  private(set) var isUnderWay = false
  /// The highest KV block of any sequence in full and in windowed layers; -1 for none.
  private var highestBlocks: (full: Int32, windowed: Int32) = (-1, -1)
  /// Positions that every row has to look at in windowed layers, its own included, if there are as many before it.
  private(set) var reach = 0
  /// The highest state slot of any sequence; -1 for none.
  private(set) var highestSlot: Int32 = -1
  /// Whether the batch is known to have whole sequences; nil before somebody asked.
  private var knownWhole: Bool?

  package init() {}

  var rows: Int { batch.rows }
  /// Whether it is known where the states of the rows' sequences lie.
  var hasStates: Bool { !batch.states.isEmpty || batch.rows == 0 }

  /// Whether the rows have KV blocks in windowed layers.
  var hasWindowTables: Bool { !batch.windowTables.isEmpty || batch.rows == 0 }

  /// The highest KV block of any sequence in layers of one kind; -1 for none.
  func highestBlock(of kind: KVBlockKind) -> Int32 {
    switch kind {
    case .full: highestBlocks.full
    case .windowed: highestBlocks.windowed
    }
  }

  /// Whether the rows of each sequence are its positions from 0 on, in rising order: what attention without a causal
  /// mask needs.
  var hasWholeSequences: Bool {
    if let knownWhole { return knownWhole }
    var next = [Int32](repeating: 0, count: batch.blockTables.count)
    let isWhole = zip(batch.positions, batch.sequences).allSatisfy { position, sequence in
      defer { next[Int(sequence)] += 1 }
      return position == next[Int(sequence)]
    }
    knownWhole = isWhole
    return isWhole
  }

  /// Takes the rows of a step; each must have a KV block for its position.
  func begin(_ batch: AttentionBatch) {
    precondition(!isUnderWay, "begin: the step before has not been finished")
    precondition(
      batch.sequences.count == batch.rows, "begin: \(batch.rows) positions, but \(batch.sequences.count) sequences")
    for row in 0..<batch.rows {
      let (position, sequence) = (batch.positions[row], Int(batch.sequences[row]))
      precondition(
        batch.blockTables.indices.contains(sequence),
        "begin: row \(row) is of sequence \(sequence), there are \(batch.blockTables.count) block tables")
      precondition(
        position >= 0 && Int(position) / KVCacheLayout.blockPositions < batch.blockTables[sequence].count,
        "begin: row \(row) at position \(position), with \(batch.blockTables[sequence].count) KV blocks")
    }
    highestBlocks.full = batch.blockTables.lazy.map { Self.highestBlock(of: $0[...]) }.max() ?? -1
    (highestBlocks.windowed, reach) = batch.checkWindowTables()
    highestSlot = batch.checkStates()
    (self.batch, knownWhole, isUnderWay) = (batch, nil, true)
  }

  /// The highest KV block of a table; -1 for none.
  static func highestBlock(of table: ArraySlice<Int32>) -> Int32 {
    var (lowest, highest): (Int32, Int32) = (0, -1)
    for block in table { (lowest, highest) = (min(lowest, block), max(highest, block)) }
    precondition(lowest == 0, "begin: a block table with KV block \(lowest)")
    return highest
  }

  /// Ends the step, however that turns out.
  func finish() {
    precondition(isUnderWay, "finish: no step has begun")
    (batch, isUnderWay) = (AttentionBatch(), false)
  }
}
