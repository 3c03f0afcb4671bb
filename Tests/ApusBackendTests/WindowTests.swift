internal import ApusCore
internal import ApusReference
internal import ApusTestSupport
internal import Testing

/// Layers that keep no more than a window of a sequence.
struct WindowTests {
  private static let window = 40
  private static let layer = KVLayerLayout(kvHeads: 2, keyDimension: 64, valueDimension: 32)

  @Test("Over the blocks of its window a row sees the same as over all", arguments: Subject.all, KVFormat.allCases)
  func windows(_ subject: Subject, format: KVFormat) throws {
    let bench = try Bench(subject.make(), seed: 1)
    var windowed = Self.layer
    windowed.window = Self.window
    let cache = try bench.backend.makeKVCache(
      KVCacheLayout(layers: [Self.layer, windowed], format: format, blocks: 6, windowBlocks: 4))
    let k = try bench.buffer(rows: 180, columns: 2 * 64), v = try bench.buffer(rows: 180, columns: 2 * 32)
    let q = try bench.buffer(rows: 180, columns: 4 * 64)
    var start = 0
    for count in [1, 20, 50, 30, 1, 48, 1, 29] {
      let rows = Array(start..<start + count)
      let first = max(0, start + 1 - Self.window) / KVCacheLayout.blockPositions
      let blocks = KVCacheLayout.blocks(forPositions: start + count)
      let batch = AttentionBatch(
        positions: rows.map { Int32($0) }, sequences: rows.map { _ in 0 }, blockTables: [[5, 4, 3, 2, 1, 0]],
        windowTables: [(0..<blocks).map { $0 < first ? AttentionBatch.givenUp : Int32(3 - $0 % 4) }])
      var results: [[UInt32]] = []
      let inputs = try [k, v, q].map { try part(of: $0, rows, bench) }
      let y = try bench.backend.makeBuffer(rows: count, columns: 4 * 32)
      try bench.step(batch) {
        for layer in 0..<2 {
          bench.backend.store(inputs[0], inputs[1], in: cache, layer: layer)
          let parameters = AttentionParameters(heads: 4, scale: 0.2, mask: .causal(window: Self.window))
          bench.backend.attention(inputs[2], over: cache, layer: layer, parameters, into: y)
          results.append(bits(bench.read(y)))
        }
      }
      #expect(results[0] == results[1], "\(rows.count) rows from \(start)")
      start += count
    }
    #expect(start == 180)
  }

  private func part(of x: Buffer, _ rows: [Int], _ bench: Bench) throws -> Buffer {
    let part = try bench.backend.makeBuffer(rows: rows.count, columns: x.columns)
    try bench.step { bench.backend.gather(x, rows: rows, into: part) }
    return part
  }

  @Test("A copy concerns the layers of its kind", arguments: Subject.all)
  func copies(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    var windowed = Self.layer
    windowed.window = 8
    let cache = try bench.backend.makeKVCache(
      KVCacheLayout(layers: [Self.layer, windowed], format: .f16, blocks: 2, windowBlocks: 2))
    let k = try bench.buffer(rows: 1, columns: 2 * 64), v = try bench.buffer(rows: 1, columns: 2 * 32)
    let (other, y) = (try bench.buffer(rows: 1, columns: 2 * 32), try bench.buffer(rows: 1, columns: 4 * 32))
    let q = try bench.buffer(rows: 1, columns: 4 * 64)
    func step(_ block: Int32, storing value: Buffer?) throws -> [[UInt32]] {
      var results: [[UInt32]] = []
      let batch = AttentionBatch(positions: [0], sequences: [0], blockTables: [[block]], windowTables: [[block]])
      try bench.step(batch) {
        for layer in 0..<2 {
          if let value { bench.backend.store(k, value, in: cache, layer: layer) }
          let parameters = AttentionParameters(heads: 4, scale: 1, mask: .causal(window: 8))
          bench.backend.attention(q, over: cache, layer: layer, parameters, into: y)
          results.append(bits(bench.read(y)))
        }
      }
      return results
    }
    let (first, second) = (try step(0, storing: v), try step(1, storing: other))
    #expect(first != second)
    bench.backend.copyBlock(.windowed, from: 0, to: 1, positions: 1, in: cache)
    #expect(try step(1, storing: nil) == [second[0], first[1]])
    bench.backend.copyBlock(.full, from: 0, to: 1, positions: 1, in: cache)
    #expect(try step(1, storing: nil) == first)
  }

  /// A step of one row in a windowed layer.
  private static func step(
    at position: Int32, _ windowTables: [[Int32]], keeps window: Int, mask: AttentionParameters.Mask
  ) throws {
    let bench = try Bench(ReferenceBackend(), seed: 1)
    var layer = layer
    layer.window = window
    let cache = try bench.backend.makeKVCache(
      KVCacheLayout(layers: [layer], format: .f16, blocks: 4, windowBlocks: 2))
    let k = try bench.buffer(rows: 1, columns: 2 * 64), v = try bench.buffer(rows: 1, columns: 2 * 32)
    let (q, y) = (try bench.buffer(rows: 1, columns: 2 * 64), try bench.buffer(rows: 1, columns: 2 * 32))
    bench.backend.begin(
      AttentionBatch(
        positions: [position], sequences: [0], blockTables: [[0, 1, 2, 3]], windowTables: windowTables))
    bench.backend.store(k, v, in: cache, layer: 0)
    bench.backend.attention(
      q, over: cache, layer: 0, AttentionParameters(heads: 2, scale: 1, mask: mask), into: y)
  }

  @Test func `A row may have just what its window needs`() throws {
    try Self.step(at: 67, [[-1, 1, 0]], keeps: 36, mask: .causal(window: 36))
    try Self.step(at: 5, [[1]], keeps: 36, mask: .causal(window: 20))
  }

  @Test("A row that sees less than its window") func reach() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      try Self.step(at: 66, [[-1, 1, 0]], keeps: 36, mask: .causal(window: 36))
    }
  }

  @Test("A mask that reaches beyond what is kept") func mask() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      try Self.step(at: 67, [[-1, 1, 0]], keeps: 35, mask: .causal(window: 36))
    }
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      try Self.step(at: 67, [[1, 1, 0]], keeps: 35, mask: .causal(window: nil))
    }
  }

  @Test("A windowed layer without a table of its own") func tables() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      try Self.step(at: 0, [], keeps: 36, mask: .causal(window: 36))
    }
  }

  @Test("A hole in a window, or a block beyond the pool") func blocks() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      try Self.step(at: 67, [[0, -1, 1]], keeps: 4, mask: .causal(window: 4))
    }
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      try Self.step(at: 67, [[-1, -1, 2]], keeps: 4, mask: .causal(window: 4))
    }
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      try Self.step(at: 5, [[-1, 0]], keeps: 4, mask: .causal(window: 4))
    }
  }
}
