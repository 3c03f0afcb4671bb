/// The sequences that wait until they are read, and since when; a pure value.
struct ParkedReaders: Sendable {
  /// How long one may wait; nil is for ever.
  var limit: Duration?
  /// Since when, by the sequences' ids.
  private var times: [Int: ContinuousClock.Instant] = [:]

  init() {}

  mutating func add(_ id: Int, at time: ContinuousClock.Instant) { times[id] = time }

  mutating func remove(_ id: Int) { times[id] = nil }

  /// When the first of them has waited too long; nil where none ever will.
  var deadline: ContinuousClock.Instant? { limit.flatMap { limit in times.values.min()?.advanced(by: limit) } }

  /// Takes out those that have waited too long, in the order of their ids.
  mutating func takeStalled(at time: ContinuousClock.Instant) -> [Int] {
    guard let limit else { return [] }
    let stalled = times.filter { $0.value.advanced(by: limit) <= time }.keys.sorted()
    for id in stalled { times[id] = nil }
    return stalled
  }
}
