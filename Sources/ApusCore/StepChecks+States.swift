extension AttentionBatch {
  /// Checks where recurrent states come from and go to; the highest state slot, -1 for none.
  func checkStates() -> Int32 {
    guard !states.isEmpty else { return -1 }
    precondition(
      states.count == blockTables.count, "begin: states of \(states.count) of \(blockTables.count) sequences")
    var (starts, written): ([Int32: Int], Set<Int32>) = ([:], [])
    let rows = rowsOfSequences
    for (sequence, states) in states.enumerated() {
      guard let first = rows[sequence].first else { continue }
      checkPositions(of: rows[sequence])
      for row in states.snapshots.map(\.row) {
        precondition(
          sequences.indices.contains(row) && sequences[row] == sequence,
          "begin: a snapshot of sequence \(sequence) behind row \(row)")
      }
      precondition(
        (states.start == nil) == (positions[first] == 0),
        "begin: sequence \(sequence) from position \(positions[first]), its states from \(states.start ?? -1)")
      if let start = states.start { starts[start, default: 0] += 1 }
      for slot in states.snapshots.map(\.slot) + [states.end].compactMap(\.self) {
        precondition(slot >= 0 && written.insert(slot).inserted, "begin: state slot \(slot) is written twice")
      }
    }
    for (sequence, states) in states.enumerated() where !rows[sequence].isEmpty {
      for snapshot in states.snapshots {
        precondition(starts[snapshot.slot] == nil, "begin: a snapshot into state slot \(snapshot.slot), a start")
      }
      guard let end = states.end, let users = starts[end] else { continue }
      precondition(users == 1 && states.start == end, "begin: state slot \(end) is written, and others start from it")
    }
    precondition(starts.keys.allSatisfy { $0 >= 0 }, "begin: a state slot below 0")
    return max(written.max() ?? -1, starts.keys.max() ?? -1)
  }

  /// Rows of a sequence with states are consecutive positions.
  private func checkPositions(of rows: [Int]) {
    for (row, next) in zip(rows, rows.dropFirst()) {
      precondition(
        positions[next] == positions[row] + 1,
        "begin: position \(positions[next]) behind \(positions[row]) in a sequence with states")
    }
  }
}
