internal import ApusCore
internal import ApusReference
internal import ApusTestSupport
internal import Testing

/// KV blocks and state slots that are taken out of a KV cache and put into another.
struct CachePartTests {
  private static let layers = [
    KVLayerLayout(kvHeads: 2, keyDimension: 64, valueDimension: 64),
    KVLayerLayout(kvHeads: 0, keyDimension: 32, valueDimension: 32),
    KVLayerLayout(kvHeads: 1, keyDimension: 96, valueDimension: 32, valuesAreKeys: true),
  ]

  private static func layout(_ format: KVFormat) -> KVCacheLayout {
    KVCacheLayout(layers: layers, format: format, blocks: 4, states: [6, 10], stateSlots: 3)
  }

  @Test("A sequence goes on over blocks of another cache as over its own", arguments: Subject.all, KVFormat.allCases)
  func moves(_ subject: Subject, format: KVFormat) throws {
    let benches = try (0..<2).map { _ in try Bench(subject.make(), seed: 1) }
    let caches = try benches.map { try $0.backend.makeKVCache(Self.layout(format)) }
    let first = StoredText(benches[0], caches[0], text: 0, table: [2, 3, 0])
    try first.run(0..<64)
    for (from, to) in [(2, 1), (3, 0)] as [(Int32, Int32)] {
      let bytes = read(.block(.full, from), of: caches[0], benches[0].backend)
      benches[1].backend.write(bytes.span, to: .block(.full, to), of: caches[1])
      #expect(read(.block(.full, to), of: caches[1], benches[1].backend) == bytes)
    }
    let other = StoredText(benches[1], caches[1], text: 0, table: [1, 0, 3])
    #expect(try other.run(64..<70) == first.run(64..<70))
  }

  @Test("A state slot holds what was put into it, and no other does", arguments: Subject.all)
  func slots(_ subject: Subject) throws {
    let backend = try subject.make()
    let cache = try backend.makeKVCache(Self.layout(.f16))
    var generator = SeededGenerator(seed: 3)
    let slots = (0..<3).map { _ in generator.normals(16).flatMap(\.littleEndianBytes) }
    for (slot, bytes) in slots.enumerated() { backend.write(bytes.span, to: .slot(Int32(slot)), of: cache) }
    for (slot, bytes) in slots.enumerated() { #expect(read(.slot(Int32(slot)), of: cache, backend) == bytes) }
  }

  @Test("Any bytes can be put into a block", arguments: Subject.all, KVFormat.allCases)
  func anything(_ subject: Subject, format: KVFormat) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let cache = try bench.backend.makeKVCache(Self.layout(format))
    let part = KVCachePart.block(.full, 2)
    let noise = [UInt8](repeating: 0xFF, count: bench.backend.byteCount(of: part, in: cache))
    bench.backend.write(noise.span, to: part, of: cache)
    // What comes of it is not said, but that it comes.
    try StoredText(bench, cache, text: 0, table: [2, 1]).run(31..<34)
  }

  @Test("A block beyond the pool") func beyond() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { try Self.write(bytes: nil, to: .block(.full, 4)) }
  }

  @Test("A block of a kind that there is none of") func kind() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { try Self.write(bytes: nil, to: .block(.windowed, 0)) }
  }

  @Test("A slot below 0") func below() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { try Self.write(bytes: nil, to: .slot(-1)) }
  }

  @Test("Too few bytes") func short() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { try Self.write(bytes: 63, to: .slot(0)) }
  }

  @Test("A cache of another backend") func owner() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      let (backend, other) = (ReferenceBackend(), ReferenceBackend())
      let cache = try other.makeKVCache(Self.layout(.f16))
      withExtendedLifetime(other) { _ = backend.byteCount(of: .slot(0), in: cache) }
    }
  }

  @Test("A part inside a step") func insideStep() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      let backend = ReferenceBackend()
      let cache = try backend.makeKVCache(Self.layout(.f16))
      backend.begin(AttentionBatch(positions: [0], sequences: [0], blockTables: [[0]]))
      backend.write([UInt8](repeating: 0, count: 64).span, to: .slot(0), of: cache)
    }
  }

  /// Writes so many zeros; nil for as many as the part has.
  private static func write(bytes count: Int?, to part: KVCachePart) throws {
    let backend = ReferenceBackend()
    let cache = try backend.makeKVCache(layout(.f16))
    let zeros = [UInt8](repeating: 0, count: count ?? backend.byteCount(of: part, in: cache))
    backend.write(zeros.span, to: part, of: cache)
  }

  private func read(_ part: KVCachePart, of cache: KVCache, _ backend: any Backend) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: backend.byteCount(of: part, in: cache))
    var room = bytes.mutableSpan
    backend.read(part, of: cache, into: &room)
    return bytes
  }
}
