/// Which tokens one step processes: for each row its position, its sequence, and that sequence's KV blocks.
package struct AttentionBatch: Sendable {
  /// Position of each row's token in its sequence, `[rows]`.
  package var positions: [Int32]
  /// Index into `blockTables` of each row's sequence, `[rows]`.
  package var sequences: [Int32]
  /// For each sequence, the KV block that holds positions `i * blockPositions ..< (i + 1) * blockPositions`.
  package var blockTables: [[Int32]]

  package var rows: Int { positions.count }

  package init(positions: [Int32] = [], sequences: [Int32] = [], blockTables: [[Int32]] = []) {
    self.positions = positions
    self.sequences = sequences
    self.blockTables = blockTables
  }
}
