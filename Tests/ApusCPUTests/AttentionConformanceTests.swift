internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Attention of every level against the reference, over KV blocks in shuffled order that end at a guard page.
struct AttentionConformanceTests {
  static let shapes: [AttentionCase.Shape] = [
    .init(kvHeads: 1, group: 1, dimension: 32, position: 0, tokens: 1),
    .init(kvHeads: 2, group: 3, dimension: 64, position: 30, tokens: 1),
    .init(kvHeads: 3, group: 3, dimension: 64, position: 0, tokens: 33),
    .init(kvHeads: 1, group: 8, dimension: 128, position: 190, tokens: 5),
    .init(kvHeads: 2, group: 1, dimension: 96, position: 100, tokens: 16, before: 44),
    .init(kvHeads: 4, group: 2, dimension: 8, position: 67, tokens: 2, before: 63),
    .init(kvHeads: 1, group: 2, dimension: 100, position: 64, tokens: 1, before: 0),
    .init(kvHeads: 1, group: 1, dimension: 64, position: 1_100, tokens: 1),
    .init(kvHeads: 2, group: 4, dimension: 128, position: 700, tokens: 1),
    .init(kvHeads: 1, group: 8, dimension: 64, position: 33, tokens: 1),
    .init(kvHeads: 1, group: 7, dimension: 32, position: 95, tokens: 2),
    .init(kvHeads: 1, group: 1, dimension: 64, position: 5, tokens: 256),
    .init(kvHeads: 2, group: 4, dimension: 128, position: 490, tokens: 64, before: 40),
    .init(kvHeads: 1, group: 2, dimension: 32, position: 505, tokens: 16, before: 11),
    .init(kvHeads: 2, group: 2, dimension: 192, valueDimension: 128, position: 40, tokens: 9),
    .init(kvHeads: 1, group: 3, dimension: 24, valueDimension: 40, position: 31, tokens: 4),
    .init(kvHeads: 1, group: 2, dimension: 256, position: 70, tokens: 7, softCap: 5),
    .init(kvHeads: 1, group: 1, dimension: 512, position: 600, tokens: 1, softCap: 20),
    .init(kvHeads: 2, group: 4, dimension: 64, position: 120, tokens: 6, before: 127, hasSinks: true),
    .init(kvHeads: 2, group: 8, dimension: 64, position: 530, tokens: 2, hasSinks: true),
    .init(kvHeads: 3, group: 1, dimension: 32, position: 0, tokens: 37, after: 100, hasSlopes: true),
    .init(kvHeads: 2, group: 1, dimension: 64, position: 500, tokens: 16, before: 20, after: 20),
    .init(kvHeads: 1, group: 2, dimension: 12, position: 20, tokens: 16, before: 3, after: 3, hasSlopes: true),
    .init(kvHeads: 1, group: 16, dimension: 576, valueDimension: 512, position: 45, tokens: 3, valuesAreKeys: true),
    .init(kvHeads: 1, group: 4, dimension: 96, valueDimension: 64, position: 515, tokens: 1, valuesAreKeys: true),
    .init(kvHeads: 2, group: 2, dimension: 40, valueDimension: 24, position: 50, tokens: 3, valuesAreKeys: true),
  ]

  static let cases: [(String, KVFormat)] = Kernels.supportedLevelNames.flatMap { level in
    KVFormat.allCases.map { (level, $0) }
  }

  @Test("All levels' attention agrees with the reference", arguments: KVFormat.allCases)
  func agreesWithReference(format: KVFormat) throws {
    let reference = try #require(Kernels(level: "reference"))
    let others = Kernels.supportedLevelNames.filter { $0 != "reference" }.compactMap { Kernels(level: $0) }
    for shape in Self.shapes {
      guard let data = AttentionCase(shape, format, reference) else { continue }
      let expected = data.run(reference)
      for kernels in others {
        #expect(RowOperationTests.difference(data.run(kernels), expected) < 4e-6, "\(kernels.name), \(shape)")
      }
    }
  }

  @Test("A token's attention has the same bits alone and among others", arguments: cases)
  func independentOfRuns(level: String, format: KVFormat) throws {
    let kernels = try #require(Kernels(level: level))
    for shape in Self.shapes {
      guard let data = AttentionCase(shape, format, kernels) else { continue }
      let together = data.run(kernels)
      let apart = (0..<shape.tokens).flatMap { data.run(kernels, tokens: $0..<$0 + 1) }
      #expect(together.map(\.bitPattern) == apart.map(\.bitPattern), "\(shape)")
    }
  }

  @Test("Keys and values are stored with the same bits at every level", arguments: cases)
  func stores(level: String, format: KVFormat) throws {
    let kernels = try #require(Kernels(level: level))
    let reference = try #require(Kernels(level: "reference"))
    var generator = SeededGenerator(seed: 9)
    for scale: Float in [1e-9, 1e-6, 1, 1e3] {
      let x = GuardedBuffer(generator.normals(96, scale: scale))
      for offset in [0, 7, 31] {
        let stored = [kernels, reference].map { kernels in
          let count = KVCacheLayout.blockPositions * (format.byteCount(values: 96) ?? 0)
          let (key, value) = (
            GuardedBuffer([UInt8](repeating: 0, count: count)), GuardedBuffer([UInt8](repeating: 0, count: count))
          )
          unsafe kernels.storeKey(x.pointer, dimension: 96, as: format, offset: offset, in: key.pointer)
          unsafe kernels.storeValue(x.pointer, dimension: 96, as: format, offset: offset, in: value.pointer)
          return key.values + value.values
        }
        #expect(stored[0] == stored[1])
      }
    }
  }
}
