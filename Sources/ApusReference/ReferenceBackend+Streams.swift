package import ApusCore

extension ReferenceBackend {
  package func _multiply(_ x: Buffer, by factors: Weight) {
    guard let values = vector(factors) else { return }
    for row in 0..<x.rows { x.replace(row: row, by: zip(x.values(of: row), values).map { $0 * $1 }) }
  }

  package func _sparsify(_ x: Buffer, deviations: Float) {
    for row in 0..<x.rows {
      let values = x.values(of: row).map { Double($0) }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
      let limit = mean + Double(deviations) * variance.squareRoot()
      x.replace(row: row, by: values.map { Float(max($0 - limit, 0)) })
    }
  }

  package func _match(_ x: Buffer, to y: Buffer) {
    for row in 0..<x.rows {
      let wanted = squares(y.values(of: row))
      for start in stride(from: 0, to: x.columns, by: y.columns) {
        let part = x.values(of: row).dropFirst(start).prefix(y.columns)
        let found = squares(part)
        guard found > 0 else { continue }
        x.replace(row: row, from: start, by: part.map { Float(Double($0) * (wanted / found).squareRoot()) })
      }
    }
  }

  private func squares(_ values: some Collection<Float>) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }
  }

  package func _mix(
    _ x: Buffer, width: Int, by coefficients: Buffer?, plus offset: Float, into y: Buffer, at first: Int
  ) {
    let sources = x.columns / width
    for row in 0..<x.rows {
      let values = Array(x.values(of: row))
      var results = Array(y.values(of: row))
      for target in 0..<y.columns / width - first {
        for source in 0..<sources {
          let coefficient = coefficients.map { $0.values(of: row).dropFirst(target * sources + source).first ?? 0 } ?? 0
          let factor = Double(coefficient) + Double(offset)
          for i in 0..<width {
            let index = (first + target) * width + i
            results[index] = Float(Double(results[index]) + factor * Double(values[source * width + i]))
          }
        }
      }
      y.replace(row: row, by: results)
    }
  }
}
