internal import ApusCore

/// How the rows of weights that multiply the same activations are cut into tiles, in the order of their addresses.
///
/// One plan serves all matmuls of a backend, so that none of them allocates.
@safe struct TilePlan {
  /// Bytes of weights below which a tile costs more to hand out than to compute.
  static let smallestByteCount = 1 << 13
  /// Bytes that stay in a core's second-level cache while the columns of a batch pass over them.
  static let batchByteCount = 1 << 17
  /// Tiles per thread, so that a thread that loses its core can be overtaken.
  static let tilesPerThread = 16

  /// One weight's share of the tiles.
  @safe struct Part {
    @unsafe let operands: Kernels.Matmul
    let rows: Int
    let tileRows: Int
    /// The first tile and the one after the last.
    let tiles: Range<Int>
  }

  private var parts: [Part] = []

  var tileCount: Int { parts.last?.tiles.upperBound ?? 0 }

  /// Forgets all weights.
  mutating func clear() { parts.removeAll(keepingCapacity: true) }

  /// Adds the `rows` rows of a weight, for `threads` threads.
  mutating func add(_ operands: Kernels.Matmul, rows: Int, threads: Int) {
    let tileRows = unsafe Self.tileRows(of: operands, rows: rows, threads: threads)
    let part = unsafe Part(
      operands: operands, rows: rows, tileRows: tileRows,
      tiles: tileCount..<tileCount + (rows + tileRows - 1) / tileRows)
    parts.append(part)
  }

  /// Rows in a tile: a multiple of the 32, or 64 of dense weights, that kernels take at once.
  private static func tileRows(of operands: Kernels.Matmul, rows: Int, threads: Int) -> Int {
    let rowByteCount = unsafe operands.rowByteCount
    var tileRows = max(rows / (threads * tilesPerThread), smallestByteCount / rowByteCount)
    if unsafe operands.n > 1 { tileRows = min(tileRows, batchByteCount / rowByteCount) }
    let atOnce = unsafe operands.format.isDense ? 64 : 32
    return max(atOnce, tileRows / atOnce * atOnce)
  }

  /// Weights that each of `threads` threads reads first.
  @unsafe func heads(threads: Int) -> [UnsafeRawBufferPointer] {
    unsafe (0..<threads).map { thread in
      let tile = tileCount * thread / threads
      guard let part = parts.first(where: { $0.tiles.contains(tile) }) else {
        return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
      }
      let row = (tile - part.tiles.lowerBound) * part.tileRows
      let rowByteCount = unsafe part.operands.rowByteCount
      return unsafe UnsafeRawBufferPointer(
        start: part.operands.weights + row * rowByteCount,
        count: min(FetchAhead.limit, (part.rows - row) * rowByteCount))
    }
  }

  /// Calls `body` with the parts, which stay where they are meanwhile.
  func withParts(_ body: (UnsafeBufferPointer<Part>) -> Void) {
    unsafe parts.withUnsafeBufferPointer { unsafe body($0) }
  }
}

extension Kernels {
  /// Computes one tile of a plan.
  func matmul(_ parts: UnsafeBufferPointer<TilePlan.Part>, tile: Int) {
    for index in parts.indices {
      let part = unsafe parts[index]
      guard part.tiles.contains(tile) else { continue }
      let start = (tile - part.tiles.lowerBound) * part.tileRows
      unsafe matmul(part.operands, rows: start..<min(part.rows, start + part.tileRows))
    }
  }
}
