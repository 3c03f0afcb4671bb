internal import ApusCore
internal import Testing

@Suite struct `KV cache layout` {
  private func layout(
    layers: Int = 2, kvHeads: Int = 3, key: Int = 64, value: Int = 32, format: KVFormat, blocks: Int = 5
  ) -> KVCacheLayout {
    let layer = KVLayerLayout(kvHeads: kvHeads, keyDimension: key, valueDimension: value)
    return KVCacheLayout(layers: Array(repeating: layer, count: layers), format: format, blocks: blocks)
  }

  @Test func `the pool's bytes are those of every key and value`() {
    let positions = KVCacheLayout.blockPositions * 5
    #expect(layout(format: .f16).byteCount == positions * 2 * 3 * (64 + 32) * 2)
    #expect(layout(format: .q8_0).byteCount == positions * 2 * 3 * (64 + 32) / 32 * 34)
    #expect(layout(format: .f16, blocks: 0).byteCount == 0)
  }

  @Test func `heads that are not whole quant blocks cannot be stored as q8_0`() {
    #expect(layout(key: 80, format: .q8_0).byteCount == nil)
    #expect(layout(value: 48, format: .q8_0).byteCount == nil)
    #expect(layout(key: 80, value: 48, format: .f16).byteCount != nil)
  }

  @Test func `layers may differ, and values that are keys are stored once`() {
    let plain = KVLayerLayout(kvHeads: 2, keyDimension: 64, valueDimension: 32)
    let shared = KVLayerLayout(kvHeads: 1, keyDimension: 96, valueDimension: 64, valuesAreKeys: true)
    let layout = KVCacheLayout(layers: [plain, shared], format: .f16, blocks: 3)
    #expect(layout.byteCount == 3 * KVCacheLayout.blockPositions * 2 * (2 * (64 + 32) + 96))
  }

  @Test func `state slots hold all states of a sequence, beside the KV blocks`() {
    var layout = layout(format: .f16)
    let blocks = layout.byteCount ?? 0
    (layout.states, layout.stateSlots) = ([64, 0, 100], 7)
    #expect(layout.stateSlotByteCount == 164 * 4)
    #expect(layout.byteCount == blocks + 7 * 164 * 4)
    #expect(layout.blockPoolByteCount == blocks)
    layout.format = .q8_0
    #expect(layout.statePoolByteCount == 7 * 164 * 4)
  }

  @Test(arguments: [([.max / 2], 1), ([.max / 8, .max / 8, .max / 8], 1), ([100], .max / 100), ([-1], 1), ([1], -1)])
  func `states that are too many to count have no byte count`(states: [Int], slots: Int) {
    let layout = KVCacheLayout(layers: [], format: .f16, blocks: 0, states: states, stateSlots: slots)
    #expect(layout.byteCount == nil)
  }

  @Test(arguments: KVFormat.allCases)
  func `a pool too large to count has no byte count`(format: KVFormat) {
    #expect(layout(kvHeads: .max / 2, format: format).byteCount == nil)
    #expect(layout(format: format, blocks: .max / 100).byteCount == nil)
    #expect(layout(kvHeads: 1 << 30, format: format, blocks: 1 << 30).byteCount == nil)
    // Each layer alone can be counted.
    #expect(layout(layers: 1, format: .f16, blocks: 1 << 48).byteCount != nil)
    #expect(layout(layers: 64, format: .f16, blocks: 1 << 48).byteCount == nil)
  }

  @Test(arguments: KVFormat.allCases)
  func `a head too large to count has no byte count`(format: KVFormat) {
    let huge = Int.max / 32 * 32
    #expect(layout(key: huge, format: format).byteCount == nil)
    #expect(layout(key: huge / 3 / 32 * 32, value: huge / 3 / 32 * 32, format: format).byteCount == nil)
    #expect(layout(key: -32, format: format).byteCount == nil)
    #expect(layout(kvHeads: -1, format: format).byteCount == nil)
  }

  @Test func `positions round up to whole KV blocks`() {
    let size = KVCacheLayout.blockPositions
    #expect(KVCacheLayout.blocks(forPositions: 0) == 0)
    #expect(KVCacheLayout.blocks(forPositions: 1) == 1)
    #expect(KVCacheLayout.blocks(forPositions: size) == 1)
    #expect(KVCacheLayout.blocks(forPositions: size + 1) == 2)
  }
}
