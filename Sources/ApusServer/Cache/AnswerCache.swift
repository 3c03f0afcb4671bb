internal import ApusStore
internal import Logging
internal import Metrics
internal import Synchronization

/// The cache of completions, and what is counted and logged of it.
///
/// It never fails, and never keeps an answer waiting for longer than the cache itself may take.
final class AnswerCache: Sendable {
  private enum Work { case reading, keeping }

  /// What is known of a key.
  enum Finding: Sendable {
    case found([UInt8])
    case nothing
    /// The cache does not answer.
    case unknown
  }

  private let cache: any ResponseCache
  private let factory: any MetricsFactory
  private let errors: Counter
  private let bytes: Meter
  private let logger: Logger
  /// What has failed the last time.
  private let failing = Mutex<Set<Work>>([])

  init(_ cache: any ResponseCache, _ factory: any MetricsFactory, _ logger: Logger) {
    self.cache = cache
    self.factory = factory
    self.logger = logger
    errors = Counter(label: "apus_cache_errors", dimensions: [], factory: factory)
    bytes = Meter(label: "apus_cache_bytes", dimensions: [], factory: factory)
  }

  /// Bytes that a value may have.
  var valueByteLimit: Int { cache.valueByteLimit }

  /// What is kept under each key, in order; nil stands for no key.
  func findings(_ keys: [CacheKey?]) async -> [Finding] {
    await withTaskGroup(of: (Int, Finding).self) { tasks in
      for (index, key) in keys.enumerated() {
        guard let key else { continue }
        tasks.addTask { (index, await self.finding(key)) }
      }
      var findings = keys.map { _ in Finding.nothing }
      for await (index, finding) in tasks { findings[index] = finding }
      return findings
    }
  }

  private func finding(_ key: CacheKey) async -> Finding {
    do {
      let value = try await cache.value(key)
      succeeded(in: .reading)
      return value.map { .found($0) } ?? .nothing
    } catch {
      failed(in: .reading, error)
      return .unknown
    }
  }

  /// Keeps a value; false where that is not possible.
  func keep(_ value: [UInt8], under key: CacheKey) async -> Bool {
    defer { bytes.set(cache.byteCount) }
    do {
      try await cache.keep(value, under: key)
      succeeded(in: .keeping)
      return true
    } catch {
      failed(in: .keeping, error)
      return false
    }
  }

  /// Counts completions of a model that were there, or that had to be computed.
  func count(hits: Int, misses: Int, of model: String) {
    for (label, count) in [("apus_cache_hits", hits), ("apus_cache_misses", misses)] {
      Counter(label: label, dimensions: [("model", model)], factory: factory).increment(by: count)
    }
  }

  private func failed(in work: Work, _ error: StoreError) {
    errors.increment()
    guard failing.withLock({ $0.insert(work).inserted }) else { return }
    logger.warning(
      "the cache does not work; answers go on without it", metadata: ["work": "\(work)", "error": "\(error)"])
  }

  private func succeeded(in work: Work) {
    guard failing.withLock({ $0.remove(work) }) != nil else { return }
    logger.info("the cache works again", metadata: ["work": "\(work)"])
  }
}
