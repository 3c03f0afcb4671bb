internal import ApusCore
internal import Synchronization

/// Activations in page-aligned memory.
@safe final class CPUBuffer {
  private let memory: AlignedBuffer

  init(rows: Int, columns: Int) throws(BackendError) {
    let (byteCount, overflow) = rows.multipliedReportingOverflow(by: columns * MemoryLayout<Float>.size)
    guard !overflow else { throw .outOfMemory(what: "activations", byteCount: .max) }
    memory = try AlignedBuffer(byteCount: byteCount, for: "activations")
  }

  /// The first value of row 0.
  @unsafe var values: UnsafeMutablePointer<Float> {
    unsafe memory.pointer.assumingMemoryBound(to: Float.self)
  }
}

/// A buffer's values during one operation; its buffer lives longer.
@safe struct CPURows {
  @unsafe let values: UnsafeMutablePointer<Float>
  let rows: Int
  let columns: Int

  /// The first value of `row`.
  @unsafe func row(_ row: Int) -> UnsafeMutablePointer<Float> { unsafe values + row * columns }
}

/// A weight that stays where the file is mapped.
@safe final class CPUWeight {
  let source: WeightSource
  private let decoded: AlignedBuffer
  /// The digest of all bytes, once they were verified; 0 before.
  let digest = Atomic<UInt64>(0)
  /// Digests of single rows that were verified and used.
  ///
  /// Only the thread that runs the current step touches them.
  var rowDigests: [Int: UInt64] = [:]
  /// Where each thread begins when this weight is multiplied, and in the multiplication that followed last time.
  ///
  /// Only the thread that runs the current step touches them.
  @unsafe var heads: [UnsafeRawBufferPointer] = unsafe []
  @unsafe var nextHeads: [UnsafeRawBufferPointer] = unsafe []

  init(_ source: WeightSource, kernels: Kernels) throws(BackendError) {
    self.source = source
    let isDecoded = source.rows == 1 && source.format != .f32
    decoded = try AlignedBuffer(byteCount: isDecoded ? source.columns * 4 : 0, for: source.name)
    guard isDecoded else { return }
    unsafe kernels.decode(
      source.format, row(0), count: source.columns, into: decoded.pointer.assumingMemoryBound(to: Float.self))
  }

  var name: String { source.name }
  var format: TensorFormat { source.format }
  var rows: Int { source.rows }
  var columns: Int { source.columns }
  var rowByteCount: Int { source.rowByteCount }
  /// Quant blocks (elements of dense formats) in a row.
  var blocksPerRow: Int { source.columns / source.format.blockElements }

  /// The bytes of some rows.
  @_lifetime(borrow self)
  func bytes(of rows: Range<Int>) -> RawSpan {
    let span = unsafe RawSpan(_unsafeStart: row(rows.lowerBound), byteCount: rows.count * rowByteCount)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The first byte of `row`.
  @unsafe func row(_ row: Int) -> UnsafeRawPointer {
    unsafe source.file.pointer(at: source.byteOffset + row * rowByteCount)
  }

  /// The values of a vector (one row) as floats: where they are mapped for F32, else as decoded by `init`.
  @unsafe var floats: UnsafePointer<Float> {
    let bytes = format == .f32 ? unsafe row(0) : unsafe UnsafeRawPointer(decoded.pointer)
    return unsafe bytes.assumingMemoryBound(to: Float.self)
  }
}

/// Keys and values as `[layer][KV block][kv head]`, keys and values apart; the C header says how 32 positions of one
/// kv head lie.
@safe final class CPUKVCache {
  let layout: KVCacheLayout
  /// Bytes of one kv head in a KV block.
  let keyHeadByteCount: Int
  let valueHeadByteCount: Int
  private let keys: AlignedBuffer
  private let values: AlignedBuffer

  init(_ layout: KVCacheLayout) throws(BackendError) {
    guard let key = layout.format.byteCount(values: layout.keyDimension),
      let value = layout.format.byteCount(values: layout.valueDimension)
    else {
      throw .unsupported(
        "a \(layout.format.rawValue) KV cache needs heads of whole 32 values, this model's have "
          + "\(layout.keyDimension): use --kv f16")
    }
    guard layout.byteCount != nil else { throw .outOfMemory(what: "the KV cache", byteCount: .max) }
    let rows = layout.layers * layout.blocks * layout.kvHeads * KVCacheLayout.blockPositions
    self.layout = layout
    keyHeadByteCount = KVCacheLayout.blockPositions * key
    valueHeadByteCount = KVCacheLayout.blockPositions * value
    keys = try AlignedBuffer(byteCount: rows * key, for: "the KV cache")
    values = try AlignedBuffer(byteCount: rows * value, for: "the KV cache")
  }

  var keyBlockByteCount: Int { layout.kvHeads * keyHeadByteCount }
  var valueBlockByteCount: Int { layout.kvHeads * valueHeadByteCount }

  /// KV block 0 of a layer's keys.
  @unsafe func keys(layer: Int) -> UnsafeMutableRawPointer {
    unsafe keys.pointer + layer * layout.blocks * keyBlockByteCount
  }

  /// KV block 0 of a layer's values.
  @unsafe func values(layer: Int) -> UnsafeMutableRawPointer {
    unsafe values.pointer + layer * layout.blocks * valueBlockByteCount
  }
}

// A backend is given only what it made itself.
extension Buffer {
  var cpu: CPURows {
    unsafe CPURows(values: unsafeDowncast(storage, to: CPUBuffer.self).values, rows: rows, columns: columns)
  }
}

extension Weight {
  var cpu: CPUWeight { unsafe unsafeDowncast(storage, to: CPUWeight.self) }
}

extension KVCache {
  var cpu: CPUKVCache { unsafe unsafeDowncast(storage, to: CPUKVCache.self) }
}
