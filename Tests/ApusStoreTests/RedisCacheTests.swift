internal import ApusStore
internal import Synchronization
internal import Testing

/// The cache in Redis, with a server that a test has in its hand; Tests/Cases has the real one.
@Suite(.timeLimit(.minutes(2)))
struct RedisCacheTests {
  private static let key = CacheKey(Array(0..<32))

  private static func cache(_ address: String, replyWithin time: Duration = .seconds(20)) async throws -> RedisCache {
    var patience = RedisPatience()
    (patience.connection, patience.reply) = (.seconds(20), time)
    return try await RedisCache(address: address, age: .seconds(60), valueByteLimit: 1000, patience: patience)
  }

  /// What is found once the cache has a connection again.
  private static func eventually(_ cache: RedisCache) async throws -> [UInt8]? {
    while true {
      do {
        return try await cache.value(key)
      } catch {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  @Test func `What is kept is found, by many at once`() async throws {
    let server = FakeRedis()
    let cache = try await Self.cache(server.listen())
    #expect(try await cache.value(Self.key) == nil)
    let value = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    try await cache.keep(value, under: Self.key)
    #expect(try await cache.value(Self.key) == value)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for number in 0..<100 {
        tasks.addTask {
          let key = CacheKey(Array(repeating: UInt8(number), count: 32))
          try await cache.keep([UInt8(number)], under: key)
          #expect(try await cache.value(key) == [UInt8(number)])
        }
      }
      try await tasks.waitForAll()
    }
    await #expect(throws: StoreError.self) { try await cache.keep(value + [0], under: Self.key) }
    try await server.stop()
  }

  @Test func `It says who asks, and chooses its database`() async throws {
    let server = FakeRedis()
    let address = try await server.listen()
    _ = try await Self.cache(address.replacing("redis://", with: "redis://ann:pass@") + "/2")
    #expect(server.commands == ["AUTH", "SELECT", "PING"])
    try await server.stop()
  }

  @Test(arguments: ["-WRONGPASS s3cret\r\n", "-NOAUTH s3cret\r\n", "-NOPERM s3cret\r\n", "-ERR s3cret\r\n"])
  func `A server that refuses to be asked is an error at once, without its words`(_ reply: String) async throws {
    let server = FakeRedis()
    server.mood = .saying(reply)
    let address = try await server.listen()
    await #expect { try await Self.cache(address) } throws: { !"\($0)".contains("s3cret") && $0 is StoreError }
    try await server.stop()
  }

  @Test func `A server that is not there, or still loads, may come later`() async throws {
    let server = FakeRedis()
    let address = try await server.listen()
    server.mood = .saying("-LOADING\r\n")
    let warnings = Mutex(0)
    let cache = try await RedisCache(address: address, age: .seconds(60)) { _ in warnings.withLock { $0 += 1 } }
    #expect(warnings.withLock { $0 } == 1)
    await #expect(throws: StoreError.self) { try await cache.value(Self.key) }
    server.mood = .sound
    #expect(try await Self.eventually(cache) == nil)
    try await server.stop()
    let other = try await RedisCache(address: "redis://127.0.0.1:1", age: .seconds(60)) { _ in
      warnings.withLock { $0 += 1 }
    }
    #expect(warnings.withLock { $0 } == 2)
    await #expect(throws: StoreError.self) { try await other.keep([1], under: Self.key) }
  }

  @Test(arguments: [
    FakeRedis.Mood.silent, .closing, .saying("HTTP/1.1 400 Bad Request\r\n"), .saying("$2000\r\n"),
    .saying("+OK\r\n+OK\r\n"), .saying("-OOM s3cret\r\n"), .saying(":1\r\n"),
  ])
  func `A server that does not work is an error, and is asked again when it works`(_ mood: FakeRedis.Mood) async throws
  {
    let server = FakeRedis()
    let isSilent = if case .silent = mood { true } else { false }
    let cache = try await Self.cache(server.listen(), replyWithin: isSilent ? .seconds(1) : .seconds(20))
    try await cache.keep([1, 2, 3], under: Self.key)
    server.mood = mood
    await #expect { try await cache.value(Self.key) } throws: { !"\($0)".contains("s3cret") && $0 is StoreError }
    server.mood = .sound
    #expect(try await Self.eventually(cache) == [1, 2, 3])
    try await server.stop()
  }
}
