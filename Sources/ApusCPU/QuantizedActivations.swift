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
      // Per 32 values: 32 codes, eight scales, two sums of 16 and one of 32.
      memory = try AlignedBuffer(byteCount: count / 32 * (32 + 11 * 4), for: "activations")
      capacity = count
    }
    let codes = unsafe memory.pointer.assumingMemoryBound(to: Int8.self)
    let floats = unsafe (memory.pointer + count).assumingMemoryBound(to: Float.self)
    return unsafe Kernels.QuantizedRows(
      codes: codes, scales: floats, sums16: floats + count / 32 * 8, sums32: floats + count / 32 * 10)
  }
}

extension Kernels.QuantizedRows {
  /// The rows from `row` on, in rows of `columns` values.
  package func advanced(toRow row: Int, columns: Int) -> Self {
    unsafe Self(
      codes: codes + row * columns, scales: scales + row * columns / 4, sums16: sums16 + row * columns / 16,
      sums32: sums32 + row * columns / 32)
  }
}
