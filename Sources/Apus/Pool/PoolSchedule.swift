/// What a pool of models decides: which model is loaded next, and which ones go; a value without models, threads or
/// clock.
package struct PoolSchedule: Equatable {
  /// A model that is loaded.
  package struct Resident: Equatable {
    package let byteCount: Int
    /// Leases that are held.
    package var users: Int
    /// When it was last taken or given back.
    package var lastUse: ContinuousClock.Instant
    /// How long it stays when nobody uses it; nil for ever, or until another one needs its memory.
    package var idleTime: Duration?

    /// When it goes; nil where it stays.
    package var expiry: ContinuousClock.Instant? { users == 0 ? idleTime.map { lastUse.advanced(by: $0) } : nil }

    /// Whether this time is longer than its own; nil is for ever.
    fileprivate func staysShorter(than time: Duration?) -> Bool {
      guard let idleTime else { return false }
      return time.map { idleTime < $0 } ?? true
    }
  }

  /// What can be done for a model that does not fit.
  package enum Room<Models> {
    /// These models go.
    case unload(Models)
    /// It would fit if models that are in use were not.
    case inUse
    /// It does not fit, whatever goes.
    case none

    package func map<Other>(_ transform: (Models) -> Other) -> Room<Other> {
      switch self {
      case .unload(let models): .unload(transform(models))
      case .inUse: .inUse
      case .none: .none
      }
    }
  }

  package private(set) var residents: [String: Resident] = [:]
  /// Models that are wanted, in the order in which they were asked for.
  package private(set) var queue: [String] = []
  package private(set) var loading: String?
  /// Whether models that expired are on their way out: what is loaded next needs to see their memory free.
  package private(set) var isUnloading = false

  /// Bytes that all loaded models take.
  package var byteCount: Int { residents.values.reduce(0) { $0 + $1.byteCount } }

  /// How long models stay when nobody uses them, where `keep` does not say otherwise.
  private let idleTime: Duration?

  package init(idleTime: Duration? = nil) { self.idleTime = idleTime }

  // MARK: Users

  /// A model that is loaded stays so long when nobody uses it, as long as it is loaded; nil for ever.
  ///
  /// With `isAtLeast` it stays no shorter than it would anyway.
  package mutating func keep(_ name: String, for idleTime: Duration?, isAtLeast: Bool = false) {
    guard let resident = residents[name] else { return }
    if isAtLeast, !resident.staysShorter(than: idleTime) { return }
    residents[name]?.idleTime = idleTime
  }

  /// Counts a user of a model that is loaded; false, where it is not.
  package mutating func take(_ name: String, at now: ContinuousClock.Instant) -> Bool {
    guard residents[name] != nil else { return false }
    residents[name]?.users += 1
    residents[name]?.lastUse = now
    return true
  }

  /// One user less.
  package mutating func release(_ name: String, at now: ContinuousClock.Instant) {
    residents[name]?.users -= 1
    residents[name]?.lastUse = now
  }

  // MARK: Loads

  /// Wants a model to be loaded, once however often it is asked for.
  package mutating func request(_ name: String) {
    if loading != name, !queue.contains(name) { queue.append(name) }
  }

  /// Nobody wants a model any more.
  package mutating func withdraw(_ name: String) { queue.removeAll { $0 == name } }

  /// The model to load now; nil where none is wanted, or another is just being loaded or unloaded.
  package mutating func beginLoad() -> String? {
    guard loading == nil, !isUnloading, !queue.isEmpty else { return nil }
    loading = queue.removeFirst()
    return loading
  }

  /// The model is loaded, so large and with so many users; nil where that failed.
  package mutating func endLoad(_ loaded: (byteCount: Int, users: Int)?, at now: ContinuousClock.Instant) {
    guard let name = loading else { return }
    loading = nil
    guard let loaded else { return }
    residents[name] = Resident(byteCount: loaded.byteCount, users: loaded.users, lastUse: now, idleTime: idleTime)
  }

  // MARK: Unloading

  /// Makes room for `missing` bytes more: the idle models that were used least recently go, no more than needed.
  package mutating func makeRoom(for missing: Int) -> Room<[String]> {
    var (freed, victims) = (0, [String]())
    for (name, resident) in idle where freed < missing {
      freed += resident.byteCount
      victims.append(name)
    }
    guard freed >= missing else { return byteCount >= missing ? .inUse : .none }
    for name in victims { residents[name] = nil }
    return .unload(victims)
  }

  /// Models that nobody has used for their idle time, which go.
  ///
  /// None does while one is being loaded or others are on their way out. `endUnload` says that they are gone.
  package mutating func expire(at now: ContinuousClock.Instant) -> [String] {
    guard loading == nil, !isUnloading else { return [] }
    let expired = idle.filter { $0.value.expiry.map { $0 <= now } ?? false }.map(\.key)
    for name in expired { residents[name] = nil }
    isUnloading = !expired.isEmpty
    return expired
  }

  /// The models that expired are gone.
  package mutating func endUnload() { isUnloading = false }

  /// When the next model expires; nil where none does, and as long as one is being loaded or others are on their way out.
  package var nextExpiry: ContinuousClock.Instant? {
    loading == nil && !isUnloading ? residents.values.compactMap(\.expiry).min() : nil
  }

  /// Models that nobody uses, the least recently used one first.
  private var idle: [(key: String, value: Resident)] {
    residents.filter { $0.value.users == 0 }.sorted { ($0.value.lastUse, $0.key) < ($1.value.lastUse, $1.key) }
  }
}
