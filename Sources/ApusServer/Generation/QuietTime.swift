/// How long nothing was written to a client, and when a sign of life is due.
package struct QuietTime: Sendable {
  /// The longest that nothing is written.
  private let limit: Duration
  private var lastWrite: ContinuousClock.Instant

  /// A time that begins at `start`, as if something had been written then.
  package init(limit: Duration, start: ContinuousClock.Instant) {
    self.limit = limit
    lastWrite = start
  }

  /// Notes that something was written.
  package mutating func note(_ time: ContinuousClock.Instant) { lastWrite = max(lastWrite, time) }

  /// How long it is until a sign of life is due, if nothing is written before: nothing or less where it is due.
  package func left(at time: ContinuousClock.Instant) -> Duration { limit - lastWrite.duration(to: time) }
}
