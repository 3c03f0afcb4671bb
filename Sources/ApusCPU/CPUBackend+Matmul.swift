package import ApusCore

extension CPUBackend {
  package func matmul(_ x: Buffer, _ weights: [Weight], into results: [Buffer]) {
    let x = x.cpu
    for weight in weights where !verify(weight.cpu) { return }
    if options.usesBLAS, x.rows >= DenseTiles.minimumRows, weights.allSatisfy({ $0.format.isDense }) {
      for i in weights.indices { denseMatmul(x, weights[i].cpu, into: results[i].cpu) }
      return
    }
    let quantized = weights.contains { !$0.format.isDense } ? unsafe quantize(x) : nil
    let plan = TilePlan(weights: weights, batchRows: x.rows, threads: pool.threadCount)
    pool.run(tiles: plan.count) { tile, _ in
      let (index, rows) = plan[tile]
      let weight = weights[index].cpu
      let y = results[index].cpu
      let operands = unsafe Kernels.Matmul(
        format: weight.format, weights: weight.row(0), rowByteCount: weight.rowByteCount, k: weight.columns, n: x.rows,
        values: x.values, quantized: quantized, y: y.values, yStride: y.columns)
      unsafe kernels.matmul(operands, rows: rows)
    }
  }

  /// Rounds all rows of x to int8; nil (and a failure kept) without memory.
  private func quantize(_ x: CPURows) -> Kernels.QuantizedRows? {
    let columns = x.columns
    do throws(BackendError) {
      let target = unsafe try quantized.reserve(rows: x.rows, columns: columns)
      let tileRows = max(1, 16_384 / columns)
      pool.run(tiles: (x.rows + tileRows - 1) / tileRows) { tile, _ in
        for row in tile * tileRows..<min(x.rows, (tile + 1) * tileRows) {
          let (place, chunkRows) = unsafe target.place(row: row, of: x.rows, columns: columns)
          unsafe kernels.quantize(x.row(row), count: columns, into: place, chunkRows: chunkRows)
        }
      }
      return unsafe target
    } catch {
      fail(error)
      return nil
    }
  }
}

/// How the rows of several weights are cut into tiles.
private struct TilePlan {
  /// Bytes of weights below which a tile costs more to hand out than to compute.
  static let smallestByteCount = 1 << 15
  /// Bytes that stay in a core's second-level cache while the columns of a batch pass over them.
  static let batchByteCount = 1 << 17
  /// Tiles per thread, so that a thread that loses its core can be overtaken.
  static let tilesPerThread = 8

  let weights: [Weight]
  let batchRows: Int
  let threads: Int

  /// Rows in a tile of `weight`: a multiple of the 32 that kernels take at once.
  private func tileRows(of weight: Weight) -> Int {
    let rowByteCount = weight.cpu.rowByteCount
    var rows = max(weight.rows / (threads * Self.tilesPerThread), Self.smallestByteCount / rowByteCount)
    if batchRows > 1 { rows = min(rows, Self.batchByteCount / rowByteCount) }
    return max(32, rows / 32 * 32)
  }

  private func tiles(of weight: Weight) -> Int { (weight.rows - 1) / tileRows(of: weight) + 1 }

  /// Tiles of all weights.
  var count: Int {
    var count = 0
    for weight in weights { count += tiles(of: weight) }
    return count
  }

  /// The index of a tile's weight, and its rows.
  subscript(tile: Int) -> (weight: Int, rows: Range<Int>) {
    var tile = tile
    for (index, weight) in weights.enumerated() {
      let tiles = tiles(of: weight)
      if tile < tiles {
        let start = tile * tileRows(of: weight)
        return (index, start..<min(weight.rows, start + tileRows(of: weight)))
      }
      tile -= tiles
    }
    preconditionFailure("tile beyond the plan")
  }
}
