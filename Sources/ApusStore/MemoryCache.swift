internal import Synchronization

/// A cache in this process's memory, of a bounded size.
package final class MemoryCache: ResponseCache {
  fileprivate struct Entry {
    let value: [UInt8]
    let end: ContinuousClock.Instant
    /// Its neighbours in the order of use.
    var older: CacheKey?
    var newer: CacheKey?

    /// Bytes that it takes, roughly: a key is held three times.
    var cost: Int { value.count + Self.overhead }

    static let overhead = 256
  }

  fileprivate struct State {
    var entries: [CacheKey: Entry] = [:]
    var oldest: CacheKey?
    var newest: CacheKey?
    var byteCount = 0
  }

  private let byteLimit: Int
  private let age: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())

  /// Keeps each value for `age`, and of all at most `byteLimit` bytes: the ones that were used least recently go first.
  package init(
    byteLimit: Int, age: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.byteLimit = byteLimit
    self.age = age
    self.now = now
  }

  package var valueByteLimit: Int { max(0, min(Self.longestValue, byteLimit - Entry.overhead)) }

  package var byteCount: Int { state.withLock { $0.byteCount } }

  package func value(_ key: CacheKey) async throws(StoreError) -> [UInt8]? {
    let now = now()
    return state.withLock { state in
      guard let entry = state.remove(key), entry.end > now else { return nil }
      state.append(entry, key)
      return entry.value
    }
  }

  package func keep(_ value: [UInt8], under key: CacheKey) async throws(StoreError) {
    let entry = Entry(value: value, end: now() + age)
    guard value.count <= valueByteLimit else { throw StoreError("a value is larger than the cache") }
    state.withLock { state in
      _ = state.remove(key)
      while state.byteCount + entry.cost > byteLimit, let oldest = state.oldest { _ = state.remove(oldest) }
      state.append(entry, key)
    }
  }
}

extension MemoryCache.State {
  /// Takes an entry out, wherever it stands.
  mutating func remove(_ key: CacheKey) -> MemoryCache.Entry? {
    guard let entry = entries.removeValue(forKey: key) else { return nil }
    if let older = entry.older { entries[older]?.newer = entry.newer } else { oldest = entry.newer }
    if let newer = entry.newer { entries[newer]?.older = entry.older } else { newest = entry.older }
    byteCount -= entry.cost
    return entry
  }

  /// Puts an entry in as the one that was used last.
  mutating func append(_ entry: MemoryCache.Entry, _ key: CacheKey) {
    var entry = entry
    (entry.older, entry.newer) = (newest, nil)
    if let newest { entries[newest]?.newer = key } else { oldest = key }
    newest = key
    entries[key] = entry
    byteCount += entry.cost
  }
}
