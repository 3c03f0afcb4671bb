package import ApusCore

extension CPUBackend {
  package func _matmul(_ x: Buffer, _ weights: [Weight], into results: [Buffer]) {
    let x = x.cpu
    for weight in weights where !verify(weight.cpu) { return }
    if let blas, x.rows >= DenseTiles.minimumRows, weights.allSatisfy({ $0.format.isDense }) {
      for i in weights.indices { denseMatmul(x, weights[i].cpu, by: blas, into: results[i].cpu) }
      return
    }
    let quantized = weights.contains { !$0.format.isDense } ? unsafe quantize(x) : nil
    plan.clear()
    for (weight, y) in zip(weights, results) {
      let (weight, y) = (weight.cpu, y.cpu)
      let operands = unsafe Kernels.Matmul(
        format: weight.format, weights: weight.row(0), rowByteCount: weight.rowByteCount, k: weight.columns, n: x.rows,
        values: x.values, quantized: quantized, y: y.values, yStride: y.columns)
      unsafe plan.add(operands, rows: weight.rows, threads: pool.threadCount)
    }
    if let first = weights.first, x.rows <= Self.decodeRows { fetchAhead(of: first.cpu) }
    let (kernels, tileCount) = (kernels, plan.tileCount)
    unsafe plan.withParts { parts in
      pool.run(tiles: tileCount) { tile, _ in unsafe kernels.matmul(parts, tile: tile) }
    }
  }

  /// Rows of activations up to which a matmul waits for memory.
  static let decodeRows = 8

  /// Has threads that wait for the next matmul fetch what they will read then: the weights that followed last time.
  private func fetchAhead(of weight: CPUWeight) {
    if unsafe weight.heads.isEmpty { unsafe weight.heads = plan.heads(threads: pool.threadCount) }
    if let lastMultiplied { unsafe lastMultiplied.nextHeads = weight.heads }
    lastMultiplied = weight
    unsafe pool.fetch(weight.nextHeads)
  }

  /// Rounds all rows of x to int8; nil (and a failure kept) without memory.
  private func quantize(_ x: CPURows) -> Kernels.QuantizedRows? {
    let columns = x.columns
    do throws(BackendError) {
      let target = unsafe try quantized.reserve(rows: x.rows, columns: columns)
      // Eight rows go side by side; chunks are multiples of four rows, so that a tile can lie in two of them.
      let tileRows = max(8, 16_384 / columns / 8 * 8)
      pool.run(tiles: (x.rows + tileRows - 1) / tileRows) { tile, _ in
        var row = tile * tileRows
        let end = min(x.rows, row + tileRows)
        while row < end {
          let (place, chunk) = unsafe target.place(row: row, of: x.rows, columns: columns)
          let rows = min(end, chunk.upperBound) - row
          unsafe kernels.quantize(x.row(row), rows: rows, count: columns, into: place, chunkRows: chunk.count)
          row += rows
        }
      }
      return unsafe target
    } catch {
      fail(error)
      return nil
    }
  }
}
