internal import ApusCore

/// Room in which each worker turns a tile of F16 or BF16 weights into floats for BLAS.
@safe struct DenseTiles: ~Copyable {
  /// Batch rows from which BLAS beats our own kernels.
  static let minimumRows = 8
  /// Weight rows in a tile.
  static let tileRows = 64

  private let workers: Int
  private var memory: AlignedBuffer
  private var columns = 0

  init(workers: Int) throws(BackendError) {
    self.workers = workers
    memory = try AlignedBuffer(byteCount: 0, for: "dense tiles")
  }

  /// Makes room for tiles of `columns` values a row.
  mutating func reserve(columns: Int) throws(BackendError) {
    guard columns > self.columns else { return }
    memory = try AlignedBuffer(byteCount: workers * Self.tileRows * columns * 4, for: "dense tiles")
    self.columns = columns
  }

  /// The tile of `worker`.
  @unsafe func tile(of worker: Int) -> UnsafeMutablePointer<Float> {
    unsafe memory.pointer.assumingMemoryBound(to: Float.self) + worker * Self.tileRows * columns
  }
}

extension CPUBackend {
  /// Computes `y = x · wᵀ` by sgemm, a tile of w at a time.
  ///
  /// The last bits depend on the batch's shape.
  func denseMatmul(_ x: CPURows, _ weight: CPUWeight, by blas: OpenBLAS, into y: CPURows) {
    do throws(BackendError) { try denseTiles.reserve(columns: weight.columns) } catch { return fail(error) }
    let tileRows = DenseTiles.tileRows
    pool.run(tiles: (weight.rows + tileRows - 1) / tileRows) { tile, worker in
      let rows = tile * tileRows..<min(weight.rows, (tile + 1) * tileRows)
      unsafe blas.matmul(
        x.values, rows: x.rows, columns: x.columns, denseRows(rows, of: weight, worker: worker), wRows: rows.count,
        into: y.values + rows.lowerBound, yStride: y.columns)
    }
  }

  /// Rows of a dense weight as floats: where they are mapped for F32, else in the worker's tile.
  @unsafe private func denseRows(_ rows: Range<Int>, of weight: CPUWeight, worker: Int) -> UnsafePointer<Float> {
    if weight.format == .f32 {
      return unsafe weight.row(rows.lowerBound).assumingMemoryBound(to: Float.self)
    }
    let tile = unsafe denseTiles.tile(of: worker)
    unsafe kernels.decode(weight.format, weight.row(rows.lowerBound), count: rows.count * weight.columns, into: tile)
    return unsafe UnsafePointer(tile)
  }
}
