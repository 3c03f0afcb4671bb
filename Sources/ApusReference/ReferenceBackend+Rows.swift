package import ApusCore
internal import Foundation

// What works on rows one by one.

extension ReferenceBackend {
  package func _embed(_ tokens: [Token], from table: Weight, into x: Buffer) {
    for (row, token) in tokens.enumerated() {
      do throws(BackendError) {
        x.replace(row: row, by: try tableRow(Int(token), of: table))
      } catch {
        x.replace(row: row, by: [Float](repeating: .nan, count: x.columns))
        fail(row: row, error)
      }
    }
  }

  package func _norm(_ x: Buffer, _ parameters: NormParameters, gain: Weight?, bias: Weight?, into y: Buffer) {
    let columns = x.columns / parameters.groups
    let gains = gain.map { vector($0) ?? [] }
    let biases = bias.map { vector($0) ?? [] }
    if gains?.isEmpty == true || biases?.isEmpty == true { return }
    for row in 0..<x.rows {
      for group in 0..<parameters.groups {
        let start = group * columns
        var values = normed(x.values(of: row).dropFirst(start).prefix(columns), parameters)
        for i in values.indices {
          if let gains { values[i] *= Double(gains[(start + i) % gains.count]) }
          if let biases { values[i] += Double(biases[(start + i) % biases.count]) }
        }
        y.replace(row: row, from: start, by: values.map { Float($0) })
      }
    }
  }

  /// One group of a row, before gain and bias.
  private func normed(_ values: ArraySlice<Float>, _ parameters: NormParameters) -> [Double] {
    let values = values.map { Double($0) }
    let count = Double(values.count)
    let mean = parameters.kind == .layer ? values.reduce(0, +) / count : 0
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let length = (variance + Double(parameters.epsilon)).squareRoot()
    return values.map { ($0 - mean) / length }
  }

  package func _addBias(_ bias: Weight, to x: Buffer) {
    guard let values = vector(bias) else { return }
    for row in 0..<x.rows { x.replace(row: row, by: zip(x.values(of: row), values).map { $0 + $1 }) }
  }

  package func _add(_ y: Buffer, to x: Buffer, factor: Float) {
    for row in 0..<x.rows {
      x.replace(row: row, by: zip(x.values(of: row), y.values(of: row)).map { $0 + factor * $1 })
    }
  }

  package func _add(_ y: Buffer, to x: Buffer, rows: [Int], factors: [Float]) {
    for (index, row) in rows.enumerated() {
      x.replace(row: row, by: zip(x.values(of: row), y.values(of: index)).map { $0 + factors[index] * $1 })
    }
  }

  package func _scale(_ x: Buffer, by factor: Float) { mapEach(x) { $0 * factor } }

  package func _cap(_ x: Buffer, at limit: Float) {
    mapEach(x) { Float(Double(limit) * tanh(Double($0) / Double(limit))) }
  }

  package func _activate(_ x: Buffer, _ activation: Activation) { mapEach(x) { Float(activation(Double($0))) } }

  package func _gate(_ up: Buffer, by gate: Buffer, _ activation: Activation) {
    for row in 0..<up.rows {
      let (gates, ups) = (gate.values(of: row), up.values(of: row))
      let values = ups.enumerated().map { index, value in
        Float(activation(gate: Double(gates[gates.startIndex + index % gate.columns]), Double(value)))
      }
      up.replace(row: row, by: values)
    }
  }

  package func _temper(_ x: Buffer, factor: Float, every positions: Int) {
    for row in 0..<x.rows {
      let steps = Double(Int(batch.positions[row]) / positions)
      let temper = Float(1 + Double(factor) * log(1 + steps))
      x.replace(row: row, by: x.values(of: row).map { $0 * temper })
    }
  }

  package func _gather(_ x: Buffer, rows: [Int], into y: Buffer) {
    for (index, row) in rows.enumerated() { y.replace(row: index, by: x.values(of: row)) }
  }

  package func _copyHeads(_ x: Buffer, heads: Int, from part: Range<Int>, into y: Buffer, at target: Int) {
    let (columns, targetColumns) = (x.columns / heads, y.columns / heads)
    let isShared = part.upperBound > columns
    for row in 0..<x.rows {
      let values = x.values(of: row)
      for head in 0..<heads {
        let first = values.startIndex + (isShared ? 0 : head * columns)
        y.replace(
          row: row, from: head * targetColumns + target,
          by: Array(values[first + part.lowerBound..<first + part.upperBound]))
      }
    }
  }

  private func mapEach(_ x: Buffer, _ change: (Float) -> Float) {
    for row in 0..<x.rows { x.replace(row: row, by: x.values(of: row).map(change)) }
  }
}
