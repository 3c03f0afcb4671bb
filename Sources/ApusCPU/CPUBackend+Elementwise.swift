package import ApusCore
private import ApusSystem

extension CPUBackend {
  /// Calls `body` for each row; on several threads where the rows hold enough values to pay for waking them.
  func forEachRow(_ rows: Int, columns: Int, _ body: (Int) -> Void) {
    let tileRows = max(1, 16_384 / max(1, columns))
    pool.run(tiles: (rows + tileRows - 1) / tileRows) { tile, _ in
      for row in tile * tileRows..<min(rows, (tile + 1) * tileRows) { body(row) }
    }
  }

  package func _embed(_ tokens: [Token], from table: Weight, into x: Buffer) {
    let (table, x) = (table.cpu, x.cpu)
    for (row, token) in tokens.enumerated() {
      if let error = damage(of: table, row: Int(token)) {
        // So that it shows in all that is computed from it.
        unsafe x.row(row).update(repeating: .nan, count: x.columns)
        fail(row: row, error)
      } else {
        unsafe kernels.decode(table.format, table.row(Int(token)), count: table.columns, into: x.row(row))
      }
    }
  }

  package func _norm(_ x: Buffer, _ parameters: NormParameters, gain: Weight?, bias: Weight?, into y: Buffer) {
    let (x, y) = (x.cpu, y.cpu)
    guard gain.map({ verify($0.cpu) }) ?? true, bias.map({ verify($0.cpu) }) ?? true else { return }
    let (gain, bias) = unsafe (GroupVector(gain, columns: x.columns), GroupVector(bias, columns: x.columns))
    let count = x.columns / parameters.groups
    forEachRow(x.rows, columns: x.columns) { row in
      for start in stride(from: 0, to: x.columns, by: max(1, count)) {
        unsafe kernels.norm(
          x.row(row) + start, parameters.kind, gain: gain.group(at: start), bias: bias.group(at: start),
          epsilon: parameters.epsilon, count: count, into: y.row(row) + start)
      }
    }
  }

  package func _addBias(_ bias: Weight, to x: Buffer) {
    let (bias, x) = (bias.cpu, x.cpu)
    guard verify(bias) else { return }
    let values = unsafe bias.floats
    forEachRow(x.rows, columns: x.columns) { row in
      unsafe kernels.add(values, to: x.row(row), count: x.columns)
    }
  }

  package func _ropeTable(_ parameters: RopeParameters, into table: Buffer) {
    let table = table.cpu
    let pairs = parameters.frequencies.count
    let magnitude = Double(parameters.magnitude)
    forEachRow(batch.rows, columns: pairs * 32) { row in
      let values = unsafe table.row(row)
      let position = Double(batch.positions[row])
      for pair in 0..<pairs {
        let angle = position * Double(parameters.frequencies[pair])
        unsafe values[pair] = Float(cos(angle) * magnitude)
        unsafe values[pairs + pair] = Float(sin(angle) * magnitude)
      }
    }
  }

  package func _rope(
    _ x: Buffer, headDimension: Int, offset: Int, table: Buffer, pairing: RopeParameters.Pairing
  ) {
    let (x, table) = (x.cpu, table.cpu)
    let heads = x.columns / headDimension
    forEachRow(x.rows, columns: x.columns) { row in
      for head in 0..<heads {
        unsafe kernels.rope(
          x.row(row) + head * headDimension + offset, table: table.row(row), pairs: table.columns / 2, pairing)
      }
    }
  }

  package func _add(_ y: Buffer, to x: Buffer, factor: Float) {
    let (y, x) = (y.cpu, x.cpu)
    forEachRow(x.rows, columns: x.columns) { row in
      unsafe kernels.add(y.row(row), to: x.row(row), factor: factor, count: x.columns)
    }
  }

  package func _add(_ y: Buffer, to x: Buffer, rows: [Int], factors: [Float]) {
    let (y, x) = (y.cpu, x.cpu)
    forEachRow(rows.count, columns: x.columns) { index in
      unsafe kernels.add(y.row(index), to: x.row(rows[index]), factor: factors[index], count: x.columns)
    }
  }

  package func _scale(_ x: Buffer, by factor: Float) {
    let x = x.cpu
    forEachRow(x.rows, columns: x.columns) { row in unsafe kernels.scale(x.row(row), by: factor, count: x.columns) }
  }

  package func _temper(_ x: Buffer, factor: Float, every positions: Int) {
    let x = x.cpu
    forEachRow(x.rows, columns: x.columns) { row in
      let steps = Int(batch.positions[row]) / positions
      guard steps > 0 else { return }
      let temper = Float(1 + Double(factor) * log(Double(1 + steps)))
      unsafe kernels.scale(x.row(row), by: temper, count: x.columns)
    }
  }

  package func _gather(_ x: Buffer, rows: [Int], into y: Buffer) {
    let (x, y) = (x.cpu, y.cpu)
    for (index, row) in rows.enumerated() {
      unsafe y.row(index).update(from: x.row(row), count: x.columns)
    }
  }
}

/// Gains or biases of a norm: of a whole row, or of one group for all groups; or none.
@unsafe private struct GroupVector {
  private let values: UnsafePointer<Float>?
  private let isWholeRow: Bool

  init(_ vector: Weight?, columns: Int) {
    unsafe values = vector?.cpu.floats
    unsafe isWholeRow = vector?.columns == columns
  }

  /// Those of the group that begins at value `start` of a row.
  func group(at start: Int) -> UnsafePointer<Float>? {
    unsafe isWholeRow ? values.map { unsafe $0 + start } : values
  }
}
