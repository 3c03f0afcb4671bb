/// Asks now and then, while a long text is worked on, whether to stop.
struct StopCheck {
  /// Units of work, about a byte or a merge each, between two questions: some milliseconds.
  private static let interval = 1 << 16

  private let shouldStop: @Sendable () -> Bool
  private var left = Self.interval
  /// Whether the answer was yes.
  private(set) var isStopped = false

  init(_ shouldStop: @escaping @Sendable () -> Bool) { self.shouldStop = shouldStop }

  /// Notes so much work.
  mutating func advance(by work: Int) {
    left -= work
    guard left <= 0 else { return }
    left = Self.interval
    isStopped = isStopped || shouldStop()
  }
}
