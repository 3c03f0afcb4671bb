internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Attention of every level against the reference, over KV blocks in shuffled order that end at a guard page.
struct AttentionConformanceTests {
  struct Shape: Sendable {
    var kvHeads: Int
    var group: Int
    var dimension: Int
    var positions: Range<Int>
  }

  static let shapes: [Shape] = [
    Shape(kvHeads: 1, group: 1, dimension: 32, positions: 0..<1),
    Shape(kvHeads: 2, group: 3, dimension: 64, positions: 0..<31),
    Shape(kvHeads: 3, group: 3, dimension: 64, positions: 0..<33),
    Shape(kvHeads: 1, group: 8, dimension: 128, positions: 0..<200),
    Shape(kvHeads: 2, group: 1, dimension: 96, positions: 45..<130),
    Shape(kvHeads: 4, group: 2, dimension: 8, positions: 3..<70),
    Shape(kvHeads: 1, group: 2, dimension: 100, positions: 64..<65),
  ]

  static let cases: [(String, KVFormat)] = Kernels.supportedLevelNames.flatMap { level in
    KVFormat.allCases.map { (level, $0) }
  }

  @Test("A level's attention agrees with the reference", arguments: cases)
  func agreesWithReference(level: String, format: KVFormat) throws {
    let kernels = try #require(Kernels(level: level))
    let reference = try #require(Kernels(level: "reference"))
    for shape in Self.shapes {
      guard let rowByteCount = format.byteCount(values: shape.dimension) else { continue }
      let data = Self.operands(shape, format, rowByteCount, reference)
      let found = Self.run(kernels, shape, format, rowByteCount, data)
      let expected = Self.run(reference, shape, format, rowByteCount, data)
      #expect(RowOperationTests.difference(found, expected) < 4e-6, "\(shape)")
    }
  }

  @Test("Keys and values are stored with the same bits at every level", arguments: cases)
  func stores(level: String, format: KVFormat) throws {
    let kernels = try #require(Kernels(level: level))
    let reference = try #require(Kernels(level: "reference"))
    var generator = SeededGenerator(seed: 9)
    for scale: Float in [1e-9, 1e-6, 1, 1e3] {
      let x = GuardedBuffer(generator.normals(96, scale: scale))
      let stored = [kernels, reference].map { kernels in
        let bytes = GuardedBuffer([UInt8](repeating: 0, count: format.byteCount(values: 96) ?? 0))
        unsafe kernels.encode(x.pointer, count: 96, as: format, into: bytes.pointer)
        return bytes.values
      }
      #expect(stored[0] == stored[1])
    }
  }

  struct Operands {
    var q: GuardedBuffer<Float>
    var keys: GuardedBuffer<UInt8>
    var values: GuardedBuffer<UInt8>
    var blockTable: GuardedBuffer<Int32>
  }

  static func operands(_ shape: Shape, _ format: KVFormat, _ rowByteCount: Int, _ kernels: Kernels) -> Operands {
    var generator = SeededGenerator(seed: UInt64(shape.dimension))
    let blocks = KVCacheLayout.blocks(forPositions: shape.positions.upperBound)
    let rows = blocks * shape.kvHeads * KVCacheLayout.blockPositions
    func pool() -> GuardedBuffer<UInt8> {
      let values = GuardedBuffer(generator.normals(rows * shape.dimension))
      let bytes = GuardedBuffer([UInt8](repeating: 0, count: rows * rowByteCount))
      for row in 0..<rows {
        unsafe kernels.encode(
          values.pointer + row * shape.dimension, count: shape.dimension, as: format,
          into: bytes.pointer + row * rowByteCount)
      }
      return bytes
    }
    let q = GuardedBuffer(generator.normals(shape.kvHeads * shape.group * shape.dimension, scale: 2))
    let (keys, values) = (pool(), pool())
    let table = (0..<Int32(blocks)).shuffled(using: &generator)
    return Operands(q: q, keys: keys, values: values, blockTable: GuardedBuffer(table))
  }

  static func run(
    _ kernels: Kernels, _ shape: Shape, _ format: KVFormat, _ rowByteCount: Int, _ data: Operands
  ) -> [Float] {
    let y = GuardedBuffer([Float](repeating: .nan, count: data.q.count))
    let blockByteCount = shape.kvHeads * KVCacheLayout.blockPositions * rowByteCount
    for kvHead in 0..<shape.kvHeads {
      let operands = unsafe Kernels.Attention(
        format: format, q: data.q.pointer, y: y.pointer, keys: data.keys.pointer, values: data.values.pointer,
        keyBlockByteCount: blockByteCount, valueBlockByteCount: blockByteCount, blockTable: data.blockTable.pointer,
        group: shape.group, keyDimension: shape.dimension, valueDimension: shape.dimension,
        positions: shape.positions, scale: 0.125)
      unsafe kernels.attention(operands, kvHead: kvHead)
    }
    return y.values
  }
}
