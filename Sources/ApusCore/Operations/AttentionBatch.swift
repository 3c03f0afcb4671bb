/// Which tokens one step processes: for each row its position, its sequence, and where that sequence's memory lies.
package struct AttentionBatch: Sendable {
  /// Position of each row's token in its sequence, `[rows]`.
  package var positions: [Int32]
  /// Index into `blockTables` of each row's sequence, `[rows]`.
  package var sequences: [Int32]
  /// For each sequence, the KV block of full layers that holds positions
  /// `i * blockPositions ..< (i + 1) * blockPositions`.
  package var blockTables: [[Int32]]
  /// The same for windowed layers, with `givenUp` for positions before all that the step's rows look at; empty for a
  /// model without windowed layers.
  package var windowTables: [[Int32]]
  /// For each sequence, its recurrent states; empty for a model without recurrent layers.
  ///
  /// Where they are given, the rows of a sequence, in their order, are consecutive positions.
  package var states: [SequenceStates]

  package var rows: Int { positions.count }

  package init(
    positions: [Int32] = [], sequences: [Int32] = [], blockTables: [[Int32]] = [], windowTables: [[Int32]] = [],
    states: [SequenceStates] = []
  ) {
    self.positions = positions
    self.sequences = sequences
    self.blockTables = blockTables
    self.windowTables = windowTables
    self.states = states
  }

  /// A batch whose windowed layers keep all positions, in blocks of the same numbers as full layers' ones.
  ///
  /// For whoever does without the windows' smaller pool.
  package func keepingAll(in layout: KVCacheLayout) -> AttentionBatch {
    var batch = self
    if layout.window != nil { batch.windowTables = blockTables }
    return batch
  }

  /// In the place of a KV block that is no longer kept.
  package static let givenUp: Int32 = -1

  /// The block tables for one kind of layers.
  package func tables(of kind: KVBlockKind) -> [[Int32]] {
    switch kind {
    case .full: blockTables
    case .windowed: windowTables
    }
  }

  /// The rows of each sequence, in rising order.
  package var rowsOfSequences: [[Int]] {
    var rows = [[Int]](repeating: [], count: blockTables.count)
    for (row, sequence) in sequences.enumerated() { rows[Int(sequence)].append(row) }
    return rows
  }
}
