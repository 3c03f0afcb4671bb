package import ApusCore

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

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
      guard verify(table, row: Int(token)) else { continue }
      unsafe kernels.decode(table.format, table.row(Int(token)), count: table.columns, into: x.row(row))
    }
  }

  package func _norm(_ x: Buffer, _ parameters: NormParameters, gain: Weight?, bias: Weight?, into y: Buffer) {
    guard parameters.kind == .rms, parameters.groups == 1, bias == nil, let gain = gain?.cpu else {
      preconditionFailure("not yet")
    }
    let (x, y) = (x.cpu, y.cpu)
    guard verify(gain) else { return }
    let gains = unsafe gain.floats
    forEachRow(x.rows, columns: x.columns) { row in
      unsafe kernels.rmsNorm(x.row(row), gain: gains, epsilon: parameters.epsilon, count: x.columns, into: y.row(row))
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

  package func _gate(_ up: Buffer, by gate: Buffer, _ activation: Activation) {
    guard activation == .silu, gate.columns == up.columns else { preconditionFailure("not yet") }
    let (gate, up) = (gate.cpu, up.cpu)
    forEachRow(up.rows, columns: up.columns * 4) { row in
      unsafe kernels.swiGLU(gate: gate.row(row), up: up.row(row), count: up.columns)
    }
  }

  package func _add(_ y: Buffer, to x: Buffer, factor: Float) {
    guard factor == 1 else { preconditionFailure("not yet") }
    let (y, x) = (y.cpu, x.cpu)
    forEachRow(x.rows, columns: x.columns) { row in
      unsafe kernels.add(y.row(row), to: x.row(row), count: x.columns)
    }
  }

  package func _gather(_ x: Buffer, rows: [Int], into y: Buffer) {
    let (x, y) = (x.cpu, y.cpu)
    for (index, row) in rows.enumerated() {
      unsafe y.row(index).update(from: x.row(row), count: x.columns)
    }
  }

  package func _matmulHeads(_ x: Buffer, from offset: Int, _ weight: Weight, into y: Buffer, at target: Int) {
    preconditionFailure("not yet")
  }

  package func _copyHeads(_ x: Buffer, heads: Int, from part: Range<Int>, into y: Buffer, at target: Int) {
    preconditionFailure("not yet")
  }

  package func _scale(_ x: Buffer, by factor: Float) { preconditionFailure("not yet") }

  package func _cap(_ x: Buffer, at limit: Float) { preconditionFailure("not yet") }

  package func _activate(_ x: Buffer, _ activation: Activation) { preconditionFailure("not yet") }

  package func _temper(_ x: Buffer, factor: Float, every positions: Int) { preconditionFailure("not yet") }
}
