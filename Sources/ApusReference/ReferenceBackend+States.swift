package import ApusCore

extension ReferenceBackend {
  package func _multiply(_ x: Buffer, by y: Buffer) {
    for row in 0..<x.rows { x.replace(row: row, by: zip(x.values(of: row), y.values(of: row)).map { $0 * $1 }) }
  }

  package func _convolve(_ x: Buffer, _ convolution: Convolution, in cache: KVCache, state: Int, into y: Buffer) {
    let bias = convolution.bias.map { vector($0) ?? [] }
    guard isSound(convolution.taps), bias?.isEmpty != true else { return }
    let taps = (0..<x.columns).map { convolution.taps.reference.row($0) }
    let kept = (convolution.taps.columns - 1) * x.columns
    forEachSequence { rows, states in
      // The inputs of the sequence, the oldest first: what the state has, then those of this step.
      var inputs = cache.reference[state: state, states.start]
      for row in rows {
        inputs += x.values(of: row)
        let results = (0..<x.columns).map { channel in
          var sum = 0.0
          for (tap, weight) in taps[channel].enumerated() {
            sum += Double(weight) * Double(inputs[tap * x.columns + channel])
          }
          sum += Double(bias?[channel] ?? 0)
          return Float(convolution.activation?(sum) ?? sum)
        }
        y.replace(row: row, by: results)
        inputs.removeFirst(x.columns)
        precondition(inputs.count == kept, "a state is the inputs before the next row")
        for snapshot in states.snapshots where snapshot.row == row {
          cache.reference[state: state, snapshot.slot] = inputs
        }
      }
      cache.reference[state: state, states.end] = inputs
    }
  }

  /// Calls `body` with the rows and the states of each sequence that has rows; those that start from a slot in which
  /// another ends do not exist.
  private func forEachSequence(_ body: ([Int], SequenceStates) -> Void) {
    for (rows, states) in zip(batch.rowsOfSequences, batch.states) where !rows.isEmpty { body(rows, states) }
  }
}
