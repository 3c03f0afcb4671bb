internal import Synchronization

/// A cache in a Redis or Valkey server, which several programs may share.
///
/// While the server is not there, or does not answer in time, each call fails at once: connections are made again beside
/// what asks, after a pause that grows.
package final class RedisCache: ResponseCache {
  private let link: RedisLink
  private let upkeep: Task<Void, Never>
  package let valueByteLimit: Int
  private let seconds: Int
  private let patience: RedisPatience

  /// The most seconds of an age, some years.
  private static let longestAge = 1 << 28

  /// Connects to `redis://user:password@host:port/database`, in two seconds or later, beside what asks.
  ///
  /// A server that is not there may come later.
  ///
  /// - Parameters:
  ///   - address: The address; it is part of no error.
  ///   - age: How long values are kept, if the server has room for them so long.
  ///   - valueByteLimit: Bytes that a value may have.
  ///   - patience: How long the server may take.
  ///   - warn: Called with a sentence where the server is not there yet.
  /// - Throws: A sentence where the address is none, and where the server refuses to be asked.
  package init(
    address: String, age: Duration, valueByteLimit: Int = RedisCache.longestValue,
    patience: RedisPatience = RedisPatience(), warn: (StoreError) -> Void = { _ in }
  ) async throws(StoreError) {
    let address = try RedisAddress(address)
    self.patience = patience
    link = RedisLink(address, valueByteLimit: valueByteLimit, patience)
    self.valueByteLimit = valueByteLimit
    seconds = max(1, min(Self.longestAge, Int(age.components.seconds)))
    do {
      try await link.connect()
    } catch .refused(let word) where !RedisLink.passing.contains(word) {
      throw StoreError(RedisLink.reason(.refused(word)))
    } catch {
      warn(StoreError(RedisLink.reason(error)))
    }
    upkeep = Task { [link] in await link.keepUp() }
  }

  deinit {
    upkeep.cancel()
    link.close()
  }

  /// Nothing: values are elsewhere.
  package var byteCount: Int { 0 }

  package func value(_ key: CacheKey) async throws(StoreError) -> [UInt8]? {
    guard case .value(let value) = try await send([Array("GET".utf8), Self.name(key)]) else {
      throw StoreError(RedisLink.reason(.garbled))
    }
    return value
  }

  package func keep(_ value: [UInt8], under key: CacheKey) async throws(StoreError) {
    guard value.count <= valueByteLimit else { throw StoreError("a value is larger than the cache takes") }
    let words = ["EX", String(seconds)].map { Array($0.utf8) }
    guard case .status("OK") = try await send([Array("SET".utf8), Self.name(key), value] + words) else {
      throw StoreError(RedisLink.reason(.garbled))
    }
  }

  private func send(_ words: [[UInt8]]) async throws(StoreError) -> RedisReply {
    do {
      return try await link.connection().send(words, within: patience.reply)
    } catch {
      throw StoreError(RedisLink.reason(error))
    }
  }

  /// The name of a value in the server: `apus:` and the key.
  private static func name(_ key: CacheKey) -> [UInt8] { Array("apus:".utf8) + key.bytes }
}
