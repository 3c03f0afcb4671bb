internal import ApusStore
internal import ApusTestSupport
internal import Synchronization
internal import Testing

/// The cache in memory: what it keeps, and what goes first.
struct MemoryCacheTests {
  /// What an entry takes beside its value.
  private static let overhead = 256

  private static func key(_ number: Int) -> CacheKey { CacheKey(Array(repeating: UInt8(number), count: 32)) }

  private static func found(_ cache: MemoryCache, _ numbers: some Sequence<Int>) async throws -> [Int] {
    var found: [Int] = []
    for number in numbers where try await cache.value(key(number)) != nil { found.append(number) }
    return found
  }

  @Test func `What is kept is found, and replaced`() async throws {
    let cache = MemoryCache(byteLimit: 10_000, age: .seconds(60))
    #expect(try await cache.value(Self.key(1)) == nil)
    try await cache.keep([1, 2], under: Self.key(1))
    try await cache.keep([3], under: Self.key(2))
    #expect(try await cache.value(Self.key(1)) == [1, 2])
    try await cache.keep([4, 5, 6], under: Self.key(1))
    #expect(try await cache.value(Self.key(1)) == [4, 5, 6])
    #expect(try await cache.value(Self.key(2)) == [3])
    #expect(cache.byteCount == 4 + 2 * Self.overhead)
  }

  @Test func `What was used least recently goes first`() async throws {
    let cache = MemoryCache(byteLimit: 3 * (100 + Self.overhead), age: .seconds(60))
    let value = [UInt8](repeating: 7, count: 100)
    for number in 1...3 { try await cache.keep(value, under: Self.key(number)) }
    #expect(try await cache.value(Self.key(1)) == value)
    try await cache.keep(value, under: Self.key(4))
    // Looked at in an order that leaves it as it is.
    #expect(try await Self.found(cache, [2, 3, 1, 4]) == [3, 1, 4])
    // One that is longer takes the places of several.
    try await cache.keep([UInt8](repeating: 1, count: 100 + Self.overhead + 100), under: Self.key(5))
    #expect(try await Self.found(cache, [1, 2, 3, 4, 5]) == [4, 5])
    #expect(cache.byteCount <= 3 * (100 + Self.overhead))
  }

  @Test func `It never takes more than its bound, whatever comes`() async throws {
    let limit = 5000
    let cache = MemoryCache(byteLimit: limit, age: .seconds(60))
    var chance = SeededGenerator(seed: 44)
    for _ in 0..<3000 {
      let number = Int.random(in: 0..<40, using: &chance)
      if Bool.random(using: &chance) {
        _ = try await cache.value(Self.key(number))
      } else {
        let value = [UInt8](repeating: UInt8(number), count: Int.random(in: 0...1000, using: &chance))
        try await cache.keep(value, under: Self.key(number))
        #expect(try await cache.value(Self.key(number)) == value)
      }
      #expect(cache.byteCount <= limit)
    }
    #expect(try await !Self.found(cache, 0..<40).isEmpty)
  }

  @Test func `What is too long for it is refused`() async throws {
    let cache = MemoryCache(byteLimit: 1000, age: .seconds(60))
    #expect(cache.valueByteLimit == 1000 - Self.overhead)
    try await cache.keep([UInt8](repeating: 0, count: cache.valueByteLimit), under: Self.key(1))
    await #expect(throws: StoreError.self) {
      try await cache.keep([UInt8](repeating: 0, count: cache.valueByteLimit + 1), under: Self.key(2))
    }
    #expect(try await Self.found(cache, [1, 2]) == [1])
    #expect(MemoryCache(byteLimit: 1, age: .seconds(1)).valueByteLimit == 0)
  }

  @Test func `What is too old is gone, with its bytes`() async throws {
    let start = ContinuousClock.now
    let time = Mutex(Duration.zero)
    let cache = MemoryCache(byteLimit: 10_000, age: .seconds(60)) { start + time.withLock { $0 } }
    try await cache.keep([1], under: Self.key(1))
    time.withLock { $0 = .seconds(59) }
    // Being used makes it no younger.
    #expect(try await cache.value(Self.key(1)) == [1])
    time.withLock { $0 = .seconds(60) }
    #expect(try await cache.value(Self.key(1)) == nil)
    #expect(cache.byteCount == 0)
  }
}
