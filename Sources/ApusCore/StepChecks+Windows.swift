extension AttentionBatch {
  /// Checks the KV blocks of windowed layers: the highest one, -1 for none, and how many positions every row has to look
  /// at.
  func checkWindowTables() -> (highest: Int32, reach: Int) {
    guard !windowTables.isEmpty else { return (-1, 0) }
    precondition(
      windowTables.count == blockTables.count,
      "begin: window tables of \(windowTables.count) of \(blockTables.count) sequences")
    // Behind those that are given up, each table is whole.
    let firstKept = windowTables.map { table in table.prefix { $0 == Self.givenUp }.count }
    let highest = zip(windowTables, firstKept).lazy.map { StepChecks.highestBlock(of: $0.dropFirst($1)) }.max() ?? -1
    var reach = Int.max
    for row in 0..<rows {
      let (position, sequence) = (Int(positions[row]), Int(sequences[row]))
      let first = firstKept[sequence] * KVCacheLayout.blockPositions
      precondition(
        position >= first && position / KVCacheLayout.blockPositions < windowTables[sequence].count,
        "begin: row \(row) at position \(position), with window blocks from \(first) on for "
          + "\(windowTables[sequence].count) KV blocks")
      if first > 0 { reach = min(reach, position - first + 1) }
    }
    return (highest, reach)
  }
}
