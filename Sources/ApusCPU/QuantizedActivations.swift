internal import ApusCore

/// Room for a batch of activations as int8, kept between operations and grown when a larger batch comes.
@safe struct QuantizedActivations: ~Copyable {
  private var memory: AlignedBuffer
  private var capacity = 0

  init() throws(BackendError) { memory = try AlignedBuffer(byteCount: 0, for: "activations") }

  /// Pointers to room for `rows` rows of `columns` values.
  @unsafe mutating func reserve(rows: Int, columns: Int) throws(BackendError) -> Kernels.QuantizedRows {
    let count = rows * columns
    if count > capacity {
      // Per 32 values: 32 codes, a scale, a sum of 32, an offset, two sums of 16 in two bytes each.
      memory = try AlignedBuffer(byteCount: count / 32 * (32 + 4 * 4), for: "activations")
      capacity = count
    }
    let codes = unsafe memory.pointer.assumingMemoryBound(to: Int8.self)
    let floats = unsafe (memory.pointer + count).assumingMemoryBound(to: Float.self)
    return unsafe Kernels.QuantizedRows(
      codes: codes, scales: floats,
      sums16: (memory.pointer + count / 32 * (32 + 3 * 4)).assumingMemoryBound(to: Int16.self),
      sums32: floats + count / 32,
      offsets: (memory.pointer + count / 32 * (32 + 2 * 4)).assumingMemoryBound(to: Int32.self))
  }
}

extension Kernels.QuantizedRows {
  /// Where `row` of `rows` rows of `columns` values begins, and the rows of its chunk.
  package func place(row: Int, of rows: Int, columns: Int) -> (place: Self, chunk: Range<Int>) {
    let chunk = Kernels.chunkTokens(columns: columns)
    let first = row / chunk * chunk
    let place = unsafe skipping(blocks: first * (columns / 32) + row - first)
    return unsafe (place, first..<min(first + chunk, rows))
  }

  /// What lies `blocks` blocks of 32 values on.
  func skipping(blocks: Int) -> Self {
    unsafe Self(
      codes: codes + blocks * 32, scales: scales + blocks, sums16: sums16 + blocks * 2, sums32: sums32 + blocks,
      offsets: offsets + blocks)
  }

  /// Copies a row's blocks, `step` blocks apart, to places that are `targetStep` blocks apart.
  func copy(blocks: Int, step: Int, to target: Self, targetStep: Int) {
    for block in 0..<blocks {
      let (from, to) = (block &* step, block &* targetStep)
      unsafe UnsafeMutableRawPointer(target.codes + 32 &* to).copyMemory(from: codes + 32 &* from, byteCount: 32)
      unsafe target.scales[to] = scales[from]
      unsafe target.sums32[to] = sums32[from]
      unsafe target.offsets[to] = offsets[from]
      unsafe target.sums16[2 &* to] = sums16[2 &* from]
      unsafe target.sums16[2 &* to &+ 1] = sums16[2 &* from &+ 1]
    }
  }
}
