internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport

/// Random queries, keys and values of one sequence.
@safe struct AttentionCase {
  struct Shape: Sendable {
    var kvHeads: Int
    var group: Int
    var dimension: Int
    /// Of values, where it is another one.
    var valueDimension: Int?
    /// Of the first token.
    var position: Int
    var tokens: Int
    /// The positions that a token looks at before and after its own.
    var before = Int.max
    var after = 0
    var softCap: Float = 0
    var hasSlopes = false
    var hasSinks = false
    var valuesAreKeys = false

    var values: Int { valueDimension ?? dimension }
    var heads: Int { kvHeads * group }
    /// Positions that the sequence has.
    var length: Int { position + tokens + (after > 0 ? 5 : 0) }
  }

  let shape: Shape
  let format: KVFormat
  private let keyByteCount: Int
  private let valueByteCount: Int
  private let q: GuardedBuffer<Float>
  private let keys: GuardedBuffer<UInt8>
  private let values: GuardedBuffer<UInt8>
  private let blockTable: GuardedBuffer<Int32>
  private let slopes: GuardedBuffer<Float>
  private let sinks: GuardedBuffer<Float>

  /// Fills the KV blocks with `kernels`; nil where the format cannot hold the dimensions.
  init?(_ shape: Shape, _ format: KVFormat, _ kernels: Kernels) {
    guard let keyRow = format.byteCount(values: shape.dimension),
      let valueRow = format.byteCount(values: shape.values)
    else { return nil }
    var generator = SeededGenerator(seed: UInt64(shape.dimension))
    self.shape = shape
    self.format = format
    keyByteCount = KVCacheLayout.blockPositions * keyRow
    valueByteCount = shape.valuesAreKeys ? 0 : KVCacheLayout.blockPositions * valueRow
    let heads = shape.kvHeads * KVCacheLayout.blocks(forPositions: shape.length)
    q = GuardedBuffer(generator.normals(shape.tokens * shape.heads * shape.dimension, scale: 2))
    keys = GuardedBuffer([UInt8](repeating: 0, count: heads * keyByteCount))
    values = GuardedBuffer([UInt8](repeating: 0, count: heads * valueByteCount))
    slopes = GuardedBuffer(generator.normals(shape.heads, scale: 0.1))
    sinks = GuardedBuffer(generator.normals(shape.heads, scale: 3))
    blockTable = GuardedBuffer((0..<Int32(heads / shape.kvHeads)).shuffled(using: &generator))
    let key = GuardedBuffer([Float](repeating: 0, count: shape.dimension))
    let value = GuardedBuffer([Float](repeating: 0, count: shape.values))
    for head in 0..<heads {
      for offset in 0..<KVCacheLayout.blockPositions {
        key.set(generator.normals(shape.dimension))
        value.set(generator.normals(shape.values))
        unsafe kernels.storeKey(
          key.pointer, dimension: shape.dimension, as: format, offset: offset, in: keys.pointer + head * keyByteCount)
        if shape.valuesAreKeys { continue }
        unsafe kernels.storeValue(
          value.pointer, dimension: shape.values, as: format, offset: offset,
          in: values.pointer + head * valueByteCount)
      }
    }
  }

  /// y `[tokens, heads, value dimension]` of some of the tokens.
  func run(_ kernels: Kernels, tokens: Range<Int>? = nil) -> [Float] {
    let tokens = tokens ?? 0..<shape.tokens
    let y = GuardedBuffer([Float](repeating: .nan, count: tokens.count * shape.heads * shape.values))
    let operands = unsafe operands(tokens, y)
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

  private func operands(_ tokens: Range<Int>, _ y: GuardedBuffer<Float>) -> Kernels.Attention {
    let width = shape.heads * shape.dimension
    var operands = unsafe Kernels.Attention(
      format: format, q: q.pointer + tokens.lowerBound * width, y: y.pointer, qStride: width,
      yStride: shape.heads * shape.values, keys: keys.pointer, values: values.pointer,
      keyBlockByteCount: shape.kvHeads * keyByteCount, valueBlockByteCount: shape.kvHeads * valueByteCount,
      blockTable: blockTable.pointer, group: shape.group, keyDimension: shape.dimension,
      valueDimension: shape.values, tokens: tokens.count, position: shape.position + tokens.lowerBound, scale: 0.125)
    unsafe (operands.before, operands.after, operands.length) = (shape.before, shape.after, shape.length)
    unsafe operands.softCap = shape.softCap
    unsafe operands.slopes = shape.hasSlopes ? UnsafePointer(slopes.pointer) : nil
    unsafe operands.sinks = shape.hasSinks ? UnsafePointer(sinks.pointer) : nil
    unsafe operands.valuesAreKeys = shape.valuesAreKeys
    return unsafe operands
  }
}
