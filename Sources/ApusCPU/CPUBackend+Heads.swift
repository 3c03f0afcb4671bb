package import ApusCore

// Heads that have matrices of their own, as in multi-head latent attention, where keys and values stay compressed.

extension CPUBackend {
  package func _copyHeads(_ x: Buffer, heads: Int, from part: Range<Int>, into y: Buffer, at target: Int) {
    let (x, y) = (x.cpu, y.cpu)
    let (columns, targetColumns) = (x.columns / heads, y.columns / heads)
    let isShared = part.upperBound > columns
    forEachRow(y.rows, columns: heads * part.count) { row in
      for head in 0..<heads {
        let source = unsafe x.row(row) + (isShared ? 0 : head * columns) + part.lowerBound
        unsafe (y.row(row) + head * targetColumns + target).update(from: source, count: part.count)
      }
    }
  }

  package func _matmulHeads(_ x: Buffer, from offset: Int, _ weight: Weight, into y: Buffer, at target: Int) {
    let (x, y, heads, weight) = (x.cpu, y.cpu, weight.count, weight.cpu)
    guard x.rows > 0, verify(weight) else { return }
    do throws(BackendError) {
      let parts = unsafe try HeadParts(x, heads: heads, offset: offset, columns: weight.columns, room: &headRoom)
      pool.run(tiles: heads) { head, _ in unsafe parts.take(head) }
      let quantized = weight.format.isDense ? nil : unsafe try quantizeHeads(parts, heads: heads)
      // As many tiles for all heads as a matmul has.
      let perHead = min((weight.rows + 31) / 32, max(1, pool.threadCount * TilePlan.tilesPerThread / heads))
      let tileRows = (weight.rows + perHead * 32 - 1) / (perHead * 32) * 32
      pool.run(tiles: heads * perHead) { tile, _ in
        let (head, first) = (tile / perHead, tile % perHead * tileRows)
        guard first < weight.rows else { return }
        let operands = unsafe Kernels.Matmul(
          format: weight.format, weights: CPUMatrix(weight: weight, index: head).row(0),
          rowByteCount: weight.rowByteCount, k: weight.columns,
          n: x.rows, values: parts.values(of: head), quantized: quantized.map { unsafe parts.part($0, of: head) },
          y: y.values + head * (y.columns / heads) + target, yStride: y.columns)
        unsafe kernels.matmul(operands, rows: first..<min(weight.rows, first + tileRows))
      }
    } catch { fail(error) }
  }

  /// Rounds the parts of all heads to int8, each as the activations of a matmul of its own.
  private func quantizeHeads(_ parts: HeadParts, heads: Int) throws(BackendError) -> Kernels.QuantizedRows {
    let (rows, columns) = unsafe (parts.rows, parts.columns)
    let all = unsafe try quantized.reserve(rows: heads * rows, columns: columns)
    pool.run(tiles: heads) { head, _ in
      let target = unsafe parts.part(all, of: head)
      var row = 0
      while row < rows {
        let (place, chunk) = unsafe target.place(row: row, of: rows, columns: columns)
        unsafe kernels.quantize(
          parts.values(of: head) + row * columns, rows: chunk.count, count: columns, into: place,
          chunkRows: chunk.count)
        row = chunk.upperBound
      }
    }
    return unsafe all
  }
}

/// A part of each head of all rows, head by head: `[heads][rows, columns]`.
@unsafe private struct HeadParts {
  let rows: Int
  let columns: Int
  private let x: CPURows
  private let stride: Int
  private let offset: Int
  private let all: UnsafeMutablePointer<Float>

  init(_ x: CPURows, heads: Int, offset: Int, columns: Int, room: inout AlignedBuffer) throws(BackendError) {
    let byteCount = heads * x.rows * columns * MemoryLayout<Float>.size
    if byteCount > room.byteCount { room = try AlignedBuffer(byteCount: byteCount, for: "heads") }
    unsafe all = room.pointer.assumingMemoryBound(to: Float.self)
    unsafe (rows, stride) = (x.rows, x.columns / heads)
    unsafe (self.x, self.offset, self.columns) = (x, offset, columns)
  }

  /// Takes the part of one head.
  func take(_ head: Int) {
    for row in unsafe 0..<rows {
      unsafe (all + (head * rows + row) * columns).update(from: x.row(row) + head * stride + offset, count: columns)
    }
  }

  func values(of head: Int) -> UnsafePointer<Float> { unsafe UnsafePointer(all + head * rows * columns) }

  /// What one head has of all heads' activations as int8.
  func part(_ all: Kernels.QuantizedRows, of head: Int) -> Kernels.QuantizedRows {
    unsafe all.skipping(blocks: head * rows * (columns / 32))
  }
}
