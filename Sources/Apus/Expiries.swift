/// When requests end if nothing else ends them before, by their ids; a pure value.
struct Expiries: Sendable {
  private var times: [Int: ContinuousClock.Instant] = [:]

  /// The first of these times; nil where there is none.
  var next: ContinuousClock.Instant? { times.values.min() }

  /// Sets the time of a request; nil for none.
  mutating func set(_ id: Int, to time: ContinuousClock.Instant?) { times[id] = time }

  /// Takes out those whose time has come, in the order of their ids.
  mutating func takeDue(at time: ContinuousClock.Instant) -> [Int] {
    guard let next, next <= time else { return [] }
    let due = times.filter { $0.value <= time }.keys.sorted()
    for id in due { times[id] = nil }
    return due
  }
}
