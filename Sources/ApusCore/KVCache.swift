/// How keys and values are stored.
package enum KVFormat: String, CaseIterable, Sendable {
  /// Two bytes a value.
  case f16
  /// 34 bytes for 32 values: an f16 scale and 32 signed bytes.
  case q8_0
  /// Four bytes a value: nothing is rounded.
  case f32

  /// Bytes of `count` values, or nil where `count` is not whole quant blocks or the product overflows.
  package func byteCount(values count: Int) -> Int? {
    switch self {
    case .f16: TensorFormat.f16.byteCount(elements: count)
    case .q8_0: TensorFormat.q8_0.byteCount(elements: count)
    case .f32: TensorFormat.f32.byteCount(elements: count)
    }
  }
}

/// Which layers a KV block is of.
package enum KVBlockKind: Sendable, CaseIterable {
  /// Those that look back on all positions.
  case full
  /// Those that look back on a window.
  case windowed
}

/// The keys and values of one layer.
package struct KVLayerLayout: Sendable, Equatable {
  package var kvHeads: Int
  /// Values per key head.
  package var keyDimension: Int
  /// Values per value head.
  package var valueDimension: Int
  /// Whether the values are the first `valueDimension` values of the keys, stored once (multi-head latent attention).
  package var valuesAreKeys: Bool
  /// Positions that are kept for what comes next, the next one included; nil for all.
  package var window: Int?

  package init(
    kvHeads: Int, keyDimension: Int, valueDimension: Int, valuesAreKeys: Bool = false, window: Int? = nil
  ) {
    self.kvHeads = kvHeads
    self.keyDimension = keyDimension
    self.valueDimension = valueDimension
    self.valuesAreKeys = valuesAreKeys
    self.window = window
  }

  package var kind: KVBlockKind { window == nil ? .full : .windowed }

  /// Values of a head that the format cannot store; nil where it can store all.
  package func headTooOdd(for format: KVFormat) -> Int? {
    [keyDimension, valueDimension].first { format.byteCount(values: $0) == nil }
  }

  /// Bytes of one position, or nil where the format cannot store these heads or the product overflows.
  package func byteCount(_ format: KVFormat) -> Int? {
    guard kvHeads >= 0, let key = format.byteCount(values: keyDimension),
      let value = valuesAreKeys ? 0 : format.byteCount(values: valueDimension)
    else { return nil }
    let (sum, overflow) = key.addingReportingOverflow(value)
    let (total, totalOverflow) = sum.multipliedReportingOverflow(by: kvHeads)
    return overflow || totalOverflow ? nil : total
  }
}

/// The shape of a KV cache.
package struct KVCacheLayout: Sendable, Equatable {
  /// Layers that have keys and values of their own.
  package var layers: [KVLayerLayout]
  package var format: KVFormat
  /// KV blocks in the pool of full layers.
  package var blocks: Int
  /// KV blocks in the pool of windowed layers.
  package var windowBlocks: Int
  /// Values of each recurrent state of a sequence, in F32; a recurrent layer has one or more.
  package var states: [Int]
  /// State slots in the pool: each holds all states of one sequence, as they are behind one position.
  package var stateSlots: Int

  /// Positions in one KV block.
  ///
  /// Fixed: results depend on it (attention sums block by block).
  package static let blockPositions = 32

  package init(
    layers: [KVLayerLayout], format: KVFormat, blocks: Int, windowBlocks: Int = 0, states: [Int] = [],
    stateSlots: Int = 0
  ) {
    self.layers = layers
    self.format = format
    self.blocks = blocks
    self.windowBlocks = windowBlocks
    self.states = states
    self.stateSlots = stateSlots
  }

  /// KV blocks that hold `positions` positions.
  package static func blocks(forPositions positions: Int) -> Int {
    positions / blockPositions + (positions.isMultiple(of: blockPositions) ? 0 : 1)
  }

  /// The first KV block that a token at `position` looks at through a window.
  package static func firstKeptBlock(at position: Int, window: Int) -> Int {
    max(0, position - (window - 1)) / blockPositions
  }

  /// KV blocks in the pool of one kind of layers.
  package func blocks(of kind: KVBlockKind) -> Int {
    switch kind {
    case .full: blocks
    case .windowed: windowBlocks
    }
  }

  /// The longest window of a layer: all windowed layers keep so many positions; nil where there are none.
  package var window: Int? { layers.lazy.compactMap(\.window).max() }

  /// Refuses heads that the format cannot store.
  package func checkFormat() throws(BackendError) {
    if let size = layers.lazy.compactMap({ $0.headTooOdd(for: format) }).first {
      throw .kvFormat(format, headDimension: size)
    }
  }

  /// Bytes of all KV blocks and state slots, or nil where the format cannot store these heads, a count is negative or
  /// the product overflows.
  package var byteCount: Int? {
    guard let blocks = blockPoolByteCount, let slots = statePoolByteCount else { return nil }
    let (total, overflow) = blocks.addingReportingOverflow(slots)
    return overflow ? nil : total
  }

  /// Bytes of all KV blocks; nil as for `byteCount`.
  package var blockPoolByteCount: Int? {
    var total = 0
    for layer in layers {
      let blocks = blocks(of: layer.kind)
      guard blocks >= 0, let position = layer.byteCount(format) else { return nil }
      let (block, overflow) = position.multipliedReportingOverflow(by: Self.blockPositions)
      let (pool, poolOverflow) = block.multipliedReportingOverflow(by: blocks)
      let (sum, sumOverflow) = total.addingReportingOverflow(pool)
      guard !overflow, !poolOverflow, !sumOverflow else { return nil }
      total = sum
    }
    return total
  }

  /// Bytes of all state slots; nil as for `byteCount`.
  package var statePoolByteCount: Int? {
    guard stateSlots >= 0, let slot = stateSlotByteCount else { return nil }
    let (pool, overflow) = slot.multipliedReportingOverflow(by: stateSlots)
    return overflow ? nil : pool
  }

  /// Bytes of one state slot; nil as for `byteCount`.
  package var stateSlotByteCount: Int? {
    var total = 0
    for values in states {
      let (bytes, overflow) = values.multipliedReportingOverflow(by: MemoryLayout<Float>.size)
      let (sum, sumOverflow) = total.addingReportingOverflow(bytes)
      guard values >= 0, !overflow, !sumOverflow else { return nil }
      total = sum
    }
    return total
  }
}

/// What of a KV cache is taken out and put back as a whole.
package enum KVCachePart: Sendable, Equatable {
  /// A KV block: keys and values of all layers of its kind.
  case block(KVBlockKind, Int32)
  /// A state slot.
  case slot(Int32)
}

/// What sequences remember: keys and values of all layers in KV blocks, states of recurrent layers in state slots.
package final class KVCache {
  /// What errors call it.
  package static let name = "the KV cache"

  package let layout: KVCacheLayout
  /// The backend's own: what holds keys, values and states.
  package let storage: AnyObject
  /// The backend that made it.
  package let owner: ObjectIdentifier

  /// Called by a backend.
  package init(layout: KVCacheLayout, storage: AnyObject, owner: any Backend) {
    self.layout = layout
    self.owner = ObjectIdentifier(owner)
    self.storage = storage
  }
}
