internal import ApusCore

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

/// A weight, or a stack of them, that stays where the file is mapped.
@safe final class CPUWeight {
  let source: WeightSource
  private let decoded: AlignedBuffer
  /// All rows of a small table as floats, once they were asked for.
  ///
  /// Only the thread that runs the current step touches it.
  var table: AlignedBuffer?
  /// The columns of a small matrix as rows of floats, once they were asked for.
  ///
  /// Only the thread that runs the current step touches it.
  var columnRows: AlignedBuffer?
  /// The digest of each matrix of the stack, once it was verified; 0 before.
  ///
  /// Only the thread that runs the current step touches them.
  var digests: [UInt64]
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
    digests = [UInt64](repeating: 0, count: source.count)
    let isDecoded = source.rows == 1 && source.count == 1 && source.format != .f32
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

/// One layer's keys and values as `[KV block][kv head]`, keys and values apart; the C header says how 32 positions of
/// one kv head lie.
@safe struct CPUKVLayer {
  let layout: KVLayerLayout
  let format: KVFormat
  /// Bytes of one kv head in a KV block.
  let keyHeadByteCount: Int
  let valueHeadByteCount: Int
  /// KV block 0.
  @unsafe let keys: UnsafeMutableRawPointer
  @unsafe let values: UnsafeMutableRawPointer

  var keyBlockByteCount: Int { layout.kvHeads * keyHeadByteCount }
  var valueBlockByteCount: Int { layout.kvHeads * valueHeadByteCount }
}

/// Keys and values of all layers, one layer after the other; and state slots, one slot after the other.
@safe final class CPUKVCache {
  private let memory: AlignedBuffer
  private let layers: [CPUKVLayer]
  private let stateMemory: AlignedBuffer
  /// Where each state begins in a slot, and all values of a slot.
  private let stateOffsets: [Int]
  private let slotValues: Int

  init(_ layout: KVCacheLayout) throws(BackendError) {
    try layout.checkFormat()
    guard layout.byteCount != nil, let byteCount = layout.blockPoolByteCount,
      let stateByteCount = layout.statePoolByteCount
    else { throw .outOfMemory(what: KVCache.name, byteCount: .max) }
    memory = try AlignedBuffer(byteCount: byteCount, for: KVCache.name)
    stateMemory = try AlignedBuffer(byteCount: stateByteCount, for: KVCache.name)
    var offset = 0
    stateOffsets = layout.states.map { values in
      defer { offset += values }
      return offset
    }
    slotValues = offset
    var next = unsafe memory.pointer
    layers = layout.layers.map { layer in
      let positions = KVCacheLayout.blockPositions
      let keyHead = positions * (layout.format.byteCount(values: layer.keyDimension) ?? 0)
      let valueHead = layer.valuesAreKeys ? 0 : positions * (layout.format.byteCount(values: layer.valueDimension) ?? 0)
      let blocks = layout.blocks(of: layer.kind)
      let keys = unsafe next
      let values = unsafe keys + blocks * layer.kvHeads * keyHead
      unsafe next = values + blocks * layer.kvHeads * valueHead
      return unsafe CPUKVLayer(
        layout: layer, format: layout.format, keyHeadByteCount: keyHead, valueHeadByteCount: valueHead, keys: keys,
        values: values)
    }
  }

  /// What layer `layer` has; lives as long as the cache.
  subscript(layer: Int) -> CPUKVLayer { layers[layer] }

  /// The first value of one state in a slot; lives as long as the cache.
  @unsafe func state(_ state: Int, slot: Int32) -> UnsafeMutablePointer<Float> {
    unsafe stateMemory.pointer.assumingMemoryBound(to: Float.self) + Int(slot) * slotValues + stateOffsets[state]
  }

  /// Where a part lies, piece by piece; lives as long as the cache.
  @unsafe func pieces(of part: KVCachePart) -> [UnsafeMutableRawBufferPointer] {
    switch part {
    case .block(let kind, let block):
      unsafe layers.filter { $0.layout.kind == kind }.flatMap { layer in
        let (keys, values) = (layer.keyBlockByteCount, layer.valueBlockByteCount)
        return unsafe [
          UnsafeMutableRawBufferPointer(start: layer.keys + Int(block) * keys, count: keys),
          UnsafeMutableRawBufferPointer(start: layer.values + Int(block) * values, count: values),
        ]
      }
    case .slot(let slot):
      unsafe [
        UnsafeMutableRawBufferPointer(
          start: stateMemory.pointer + Int(slot) * slotValues * MemoryLayout<Float>.size,
          count: slotValues * MemoryLayout<Float>.size)
      ]
    }
  }
}

// The checked front lets a backend see only what it made itself.
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
