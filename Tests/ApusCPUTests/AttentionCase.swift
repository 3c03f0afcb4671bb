internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport

/// Random queries, keys and values of one sequence.
@safe struct AttentionCase {
  struct Shape: Sendable {
    var kvHeads: Int
    var group: Int
    var dimension: Int
    /// Of the first token.
    var position: Int
    var tokens: Int
    var window = 0
  }

  let shape: Shape
  let format: KVFormat
  private let headByteCount: Int
  private let q: GuardedBuffer<Float>
  private let keys: GuardedBuffer<UInt8>
  private let values: GuardedBuffer<UInt8>
  private let blockTable: GuardedBuffer<Int32>

  /// Fills the KV blocks with `kernels`; nil where the format cannot hold the dimension.
  init?(_ shape: Shape, _ format: KVFormat, _ kernels: Kernels) {
    guard let rowByteCount = format.byteCount(values: shape.dimension) else { return nil }
    var generator = SeededGenerator(seed: UInt64(shape.dimension))
    self.shape = shape
    self.format = format
    headByteCount = KVCacheLayout.blockPositions * rowByteCount
    let heads = shape.kvHeads * KVCacheLayout.blocks(forPositions: shape.position + shape.tokens)
    q = GuardedBuffer(generator.normals(shape.tokens * shape.kvHeads * shape.group * shape.dimension, scale: 2))
    keys = GuardedBuffer([UInt8](repeating: 0, count: heads * headByteCount))
    values = GuardedBuffer([UInt8](repeating: 0, count: heads * headByteCount))
    let x = GuardedBuffer(generator.normals(heads * KVCacheLayout.blockPositions * shape.dimension))
    for head in 0..<heads {
      for offset in 0..<KVCacheLayout.blockPositions {
        let row = unsafe x.pointer + (head * KVCacheLayout.blockPositions + offset) * shape.dimension
        let reversed =
          unsafe x.pointer + (heads * KVCacheLayout.blockPositions - 1) * shape.dimension
          - (head * KVCacheLayout.blockPositions + offset) * shape.dimension
        unsafe kernels.storeKey(
          row, dimension: shape.dimension, as: format, offset: offset, in: keys.pointer + head * headByteCount)
        unsafe kernels.storeValue(
          reversed, dimension: shape.dimension, as: format, offset: offset, in: values.pointer + head * headByteCount)
      }
    }
    blockTable = GuardedBuffer((0..<Int32(heads / shape.kvHeads)).shuffled(using: &generator))
  }

  /// y `[tokens, heads, dimension]` of some of the tokens.
  func run(_ kernels: Kernels, tokens: Range<Int>? = nil) -> [Float] {
    let tokens = tokens ?? 0..<shape.tokens
    let width = shape.kvHeads * shape.group * shape.dimension
    let y = GuardedBuffer([Float](repeating: .nan, count: tokens.count * width))
    let operands = unsafe Kernels.Attention(
      format: format, q: q.pointer + tokens.lowerBound * width, y: y.pointer, qStride: width, yStride: width,
      keys: keys.pointer, values: values.pointer, keyBlockByteCount: shape.kvHeads * headByteCount,
      valueBlockByteCount: shape.kvHeads * headByteCount, blockTable: blockTable.pointer, group: shape.group,
      keyDimension: shape.dimension, valueDimension: shape.dimension, tokens: tokens.count,
      position: shape.position + tokens.lowerBound, window: shape.window, scale: 0.125)
    let room = unsafe Kernels.attentionRoom(operands)
    let scratch = GuardedBuffer([UInt8](repeating: 0, count: (room.scratchByteCount + 3) / 4 * 4))
    let part = GuardedBuffer([Float](repeating: .nan, count: room.partFloats))
    let merged = GuardedBuffer([Float](repeating: .nan, count: room.partFloats))
    for kvHead in 0..<shape.kvHeads {
      for index in unsafe operands.parts {
        let isFirst = unsafe index == operands.parts.lowerBound
        unsafe kernels.attention(
          operands, kvHead: kvHead, part: index, scratch: scratch.pointer, into: isFirst ? merged.pointer : part.pointer
        )
        if !isFirst { unsafe kernels.mergeAttention(operands, part: part.pointer, into: merged.pointer) }
      }
      unsafe kernels.finishAttention(operands, kvHead: kvHead, merged: merged.pointer)
    }
    return y.values
  }
}
