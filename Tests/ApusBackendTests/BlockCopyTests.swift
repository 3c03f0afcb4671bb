internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Copies of KV blocks: two sequences that begin alike and part inside a block.
struct BlockCopyTests {
  private static let layers = [
    KVLayerLayout(kvHeads: 2, keyDimension: 64, valueDimension: 64),
    KVLayerLayout(kvHeads: 1, keyDimension: 96, valueDimension: 32),
    KVLayerLayout(kvHeads: 0, keyDimension: 32, valueDimension: 32),
    KVLayerLayout(kvHeads: 1, keyDimension: 96, valueDimension: 32, valuesAreKeys: true),
    KVLayerLayout(kvHeads: 3, keyDimension: 32, valueDimension: 64),
  ]

  @Test("A sequence goes on over a copy as over what it stored itself", arguments: Subject.all, KVFormat.allCases)
  func copies(_ subject: Subject, format: KVFormat) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let cache = try bench.backend.makeKVCache(KVCacheLayout(layers: Self.layers, format: format, blocks: 6))
    let first = StoredText(bench, cache, text: 0, table: [2, 3])
    // Its own blocks have what the first one has before position 37.
    let alone = StoredText(bench, cache, text: 1, table: [0, 1])
    try first.run(0..<40)
    try alone.run(0..<37, text: 0)
    let expected = try alone.run(37..<45)

    bench.backend.copyBlock(.full, from: 3, to: 5, positions: 5, in: cache)
    let fork = StoredText(bench, cache, text: 1, table: [2, 5])
    #expect(try fork.run(37..<45) == expected)

    // The first one goes on as if there were no copy, and over copies of all that it has.
    let rest = try first.run(40..<50)
    bench.backend.copyBlock(.full, from: 2, to: 4, positions: 32, in: cache)
    bench.backend.copyBlock(.full, from: 3, to: 1, positions: 8, in: cache)
    #expect(try StoredText(bench, cache, text: 0, table: [4, 1]).run(40..<50) == rest)
  }

  @Test("A copy inside a step is there for what comes after it", arguments: Subject.all)
  func insideStep(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let cache = try bench.backend.makeKVCache(KVCacheLayout(layers: Self.layers, format: .f16, blocks: 3))
    let first = StoredText(bench, cache, text: 0, table: [1])
    try first.run(0..<9)
    let fork = StoredText(bench, cache, text: 0, table: [2])
    let found = try fork.run(9..<12) { bench.backend.copyBlock(.full, from: 1, to: 2, positions: 9, in: cache) }
    #expect(try found == first.run(9..<12))
  }
}

/// A sequence whose keys, values and queries depend on a text's number and the position alone.
struct StoredText {
  let bench: Bench
  let cache: KVCache
  let text: Int
  let table: [Int32]

  init(_ bench: Bench, _ cache: KVCache, text: Int, table: [Int32]) {
    (self.bench, self.cache, self.text, self.table) = (bench, cache, text, table)
  }

  /// A step of some positions, of this text or another; the bits of all layers' attention.
  @discardableResult
  func run(_ positions: Range<Int>, text: Int? = nil, first: () -> Void = {}) throws -> [UInt32] {
    let layers = cache.layout.layers.enumerated().filter { $0.element.kvHeads > 0 }
    let inputs = try layers.map { index, layout in
      let (text, heads) = (text ?? self.text, 2 * layout.kvHeads)
      return (
        k: try rows(positions, layout.kvHeads * layout.keyDimension, text, 3 * index),
        v: try layout.valuesAreKeys
          ? nil : rows(positions, layout.kvHeads * layout.valueDimension, text, 3 * index + 1),
        q: try rows(positions, heads * layout.keyDimension, text, 3 * index + 2),
        y: try bench.backend.makeBuffer(rows: positions.count, columns: heads * layout.valueDimension)
      )
    }
    let batch = AttentionBatch(
      positions: positions.map { Int32($0) }, sequences: positions.map { _ in 0 }, blockTables: [table])
    try bench.step(batch) {
      first()
      for ((index, layout), input) in zip(layers, inputs) {
        bench.backend.store(input.k, input.v, in: cache, layer: index)
        let parameters = AttentionParameters(heads: 2 * layout.kvHeads, scale: 0.2)
        bench.backend.attention(input.q, over: cache, layer: index, parameters, into: input.y)
      }
    }
    return inputs.flatMap { bits(bench.read($0.y)) }
  }

  private func rows(_ positions: Range<Int>, _ width: Int, _ text: Int, _ kind: Int) throws -> Buffer {
    let values = positions.flatMap { position in
      var generator = SeededGenerator(seed: UInt64(kind) << 40 + UInt64(text) << 20 + UInt64(position))
      return generator.normals(width)
    }
    return try bench.buffer(values: values, rows: positions.count)
  }
}
