package import ApusCore
private import ApusSystem

extension CPUBackend {
  /// Calls `body` for each row; on several threads where the rows hold enough values to pay for waking them.
  private func forEachRow(_ rows: Int, columns: Int, _ body: (Int) -> Void) {
    let tileRows = max(1, 16_384 / max(1, columns))
    pool.run(tiles: (rows + tileRows - 1) / tileRows) { tile, _ in
      for row in tile * tileRows..<min(rows, (tile + 1) * tileRows) { body(row) }
    }
  }

  package func embed(_ tokens: [Token], from table: Weight, into x: Buffer) {
    let (table, x) = (table.cpu, x.cpu)
    for (row, token) in tokens.enumerated() {
      guard verify(table, row: Int(token)) else { continue }
      unsafe kernels.decode(table.format, table.row(Int(token)), count: table.columns, into: x.row(row))
    }
  }

  package func rmsNorm(_ x: Buffer, gain: Weight, epsilon: Float, into y: Buffer) {
    let (x, gain, y) = (x.cpu, gain.cpu, y.cpu)
    guard verify(gain) else { return }
    let gains = unsafe gain.floats
    forEachRow(x.rows, columns: x.columns) { row in
      unsafe kernels.rmsNorm(x.row(row), gain: gains, epsilon: epsilon, count: x.columns, into: y.row(row))
    }
  }

  package func addBias(_ bias: Weight, to x: Buffer) {
    let (bias, x) = (bias.cpu, x.cpu)
    guard verify(bias) else { return }
    let values = unsafe bias.floats
    forEachRow(x.rows, columns: x.columns) { row in
      unsafe kernels.add(values, to: x.row(row), count: x.columns)
    }
  }

  package func ropeTable(_ parameters: RopeParameters, for batch: AttentionBatch, into table: Buffer) {
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

  package func rope(_ x: Buffer, headDimension: Int, table: Buffer, pairing: RopeParameters.Pairing) {
    let (x, table) = (x.cpu, table.cpu)
    let heads = x.columns / headDimension
    forEachRow(x.rows, columns: x.columns) { row in
      for head in 0..<heads {
        unsafe kernels.rope(
          x.row(row) + head * headDimension, table: table.row(row), pairs: table.columns / 2, pairing)
      }
    }
  }

  package func swiGLU(gate: Buffer, up: Buffer) {
    let (gate, up) = (gate.cpu, up.cpu)
    forEachRow(up.rows, columns: up.columns * 4) { row in
      unsafe kernels.swiGLU(gate: gate.row(row), up: up.row(row), count: up.columns)
    }
  }

  package func add(_ y: Buffer, to x: Buffer) {
    let (y, x) = (y.cpu, x.cpu)
    forEachRow(x.rows, columns: x.columns) { row in
      unsafe kernels.add(y.row(row), to: x.row(row), count: x.columns)
    }
  }

  package func gather(_ x: Buffer, rows: [Int], into y: Buffer) {
    let (x, y) = (x.cpu, y.cpu)
    for (index, row) in rows.enumerated() {
      unsafe y.row(index).update(from: x.row(row), count: x.columns)
    }
  }
}
