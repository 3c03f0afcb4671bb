package import ApusCore

// Several residual streams of a row: a few values for each that a matrix is multiplied by, so plain loops do. A row's
// result comes from that row alone, in one order, whatever shares the batch.

extension CPUBackend {
  package func _multiply(_ x: Buffer, by factors: Weight) {
    let (factors, x) = (factors.cpu, x.cpu)
    guard verify(factors) else { return }
    let values = unsafe factors.floats
    forEachRow(x.rows, columns: x.columns) { row in
      let target = unsafe x.row(row)
      for i in 0..<x.columns { unsafe target[i] *= values[i] }
    }
  }

  package func _sparsify(_ x: Buffer, deviations: Float) {
    let x = x.cpu
    forEachRow(x.rows, columns: 3 * x.columns) { row in
      let values = unsafe x.row(row)
      let count = Double(x.columns)
      var sum = 0.0
      for i in 0..<x.columns { sum += unsafe Double(values[i]) }
      let mean = sum / count
      var squares = 0.0
      for i in 0..<x.columns {
        let distance = unsafe Double(values[i]) - mean
        squares += distance * distance
      }
      let limit = Float(mean + Double(deviations) * (squares / (count - 1)).squareRoot())
      for i in 0..<x.columns { unsafe values[i] = max(values[i] - limit, 0) }
    }
  }

  package func _match(_ x: Buffer, to y: Buffer) {
    let (x, y) = (x.cpu, y.cpu)
    forEachRow(x.rows, columns: 2 * x.columns + y.columns) { row in
      let wanted = unsafe Self.squares(y.row(row), count: y.columns)
      for start in stride(from: 0, to: x.columns, by: y.columns) {
        let part = unsafe x.row(row) + start
        let found = unsafe Self.squares(part, count: y.columns)
        guard found > 0 else { continue }
        let factor = Float((wanted / found).squareRoot())
        for i in 0..<y.columns { unsafe part[i] *= factor }
      }
    }
  }

  /// The sum of squares, from the first value to the last.
  @unsafe private static func squares(_ values: UnsafePointer<Float>, count: Int) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += unsafe Double(values[i]) * Double(values[i]) }
    return sum
  }

  package func _mix(
    _ x: Buffer, width: Int, by coefficients: Buffer?, plus offset: Float, into y: Buffer, at first: Int
  ) {
    let (x, coefficients, y) = (x.cpu, coefficients?.cpu, y.cpu)
    let (sources, targets) = (x.columns / width, y.columns / width - first)
    forEachRow(x.rows, columns: sources * targets * width) { row in
      let input = unsafe x.row(row)
      let output = unsafe y.row(row) + first * width
      let factors = (0..<targets * sources).map { index in
        (coefficients.map { unsafe $0.row(row)[index] } ?? 0) + offset
      }
      // Column by column, all of x before any of y is written: both may be one buffer.
      var column = [Float](repeating: 0, count: sources)
      for i in 0..<width {
        for source in 0..<sources { column[source] = unsafe input[source * width + i] }
        for target in 0..<targets {
          var sum = unsafe output[target * width + i]
          for source in 0..<sources { sum += factors[target * sources + source] * column[source] }
          unsafe output[target * width + i] = sum
        }
      }
    }
  }
}
