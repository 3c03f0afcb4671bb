package import ApusCore

extension ReferenceBackend {
  package func _matmul(_ x: Buffer, _ weights: [Weight], into results: [Buffer]) {
    for (weight, y) in zip(weights, results) {
      guard isSound(weight) else { return }
      let target = y.reference
      for column in 0..<weight.rows {
        let row = weight.reference.row(column)
        for i in 0..<x.rows { target.values[i * y.columns + column] = Float(product(x.values(of: i), row)) }
      }
    }
  }

  package func _matmulHeads(_ x: Buffer, from offset: Int, _ weight: Weight, into y: Buffer, at target: Int) {
    let (columns, targetColumns) = (x.columns / weight.count, y.columns / weight.count)
    for head in 0..<weight.count {
      guard isSound(weight, matrix: head) else { return }
      for row in 0..<x.rows {
        let values = x.values(of: row).dropFirst(head * columns + offset).prefix(weight.columns)
        y.replace(
          row: row, from: head * targetColumns + target,
          by: (0..<weight.rows).map { Float(product(values, weight.reference.row($0, of: head))) })
      }
    }
  }

  /// The scalar product, summed in Double from the first value to the last.
  func product(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Double {
    var sum = 0.0
    for (a, b) in zip(a, b) { sum += Double(a) * Double(b) }
    return sum
  }
}
