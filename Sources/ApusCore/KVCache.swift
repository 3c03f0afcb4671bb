/// How keys and values are stored.
package enum KVFormat: String, CaseIterable, Sendable {
  /// Two bytes a value.
  case f16
  /// 34 bytes for 32 values: an f16 scale and 32 signed bytes.
  case q8_0

  /// Bytes of `count` values, or nil where `count` is not whole quant blocks or the product overflows.
  package func byteCount(values count: Int) -> Int? {
    switch self {
    case .f16: TensorFormat.f16.byteCount(elements: count)
    case .q8_0: TensorFormat.q8_0.byteCount(elements: count)
    }
  }
}

/// The shape of a KV cache.
package struct KVCacheLayout: Sendable, Equatable {
  package var layers: Int
  package var kvHeads: Int
  /// Values per key head.
  package var keyDimension: Int
  /// Values per value head.
  package var valueDimension: Int
  package var format: KVFormat
  /// KV blocks in the pool.
  package var blocks: Int

  /// Positions in one KV block.
  ///
  /// Fixed: results depend on it (attention sums block by block).
  package static let blockPositions = 32

  package init(
    layers: Int, kvHeads: Int, keyDimension: Int, valueDimension: Int, format: KVFormat, blocks: Int
  ) {
    self.layers = layers
    self.kvHeads = kvHeads
    self.keyDimension = keyDimension
    self.valueDimension = valueDimension
    self.format = format
    self.blocks = blocks
  }

  /// KV blocks that hold `positions` positions.
  package static func blocks(forPositions positions: Int) -> Int {
    positions / blockPositions + (positions.isMultiple(of: blockPositions) ? 0 : 1)
  }

  /// Bytes of the whole pool, or nil where the format cannot store these heads, a count is negative or the
  /// product overflows.
  package var byteCount: Int? {
    guard let key = format.byteCount(values: keyDimension), let value = format.byteCount(values: valueDimension)
    else { return nil }
    var (total, overflow) = key.addingReportingOverflow(value)
    for factor in [Self.blockPositions, kvHeads, blocks, layers] {
      guard !overflow, factor >= 0 else { return nil }
      (total, overflow) = total.multipliedReportingOverflow(by: factor)
    }
    return overflow ? nil : total
  }
}

/// Keys and values of all layers, in KV blocks.
package final class KVCache {
  package let layout: KVCacheLayout
  /// The backend's own: what holds keys and values.
  package let storage: AnyObject

  /// Called by a backend.
  package init(layout: KVCacheLayout, storage: AnyObject) {
    self.layout = layout
    self.storage = storage
  }
}
