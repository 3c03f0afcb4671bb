internal import Synchronization

/// How long an answer may take.
struct AnswerLimits: Sendable {
  /// Waiting for other requests, each time that it waits.
  var waiting: Duration
  /// Being worked on, all its completions together; nil for as long as it takes.
  var work: Duration?
}

/// Measures an answer against its limits: waiting and work are told apart, and never counted as each other.
final class AnswerClock: Sendable {
  private struct State {
    var timer: Task<Void, any Error>?
    var workLeft: Duration?
    var workBegan: ContinuousClock.Instant?
  }

  private let limits: AnswerLimits
  private let onLimit: @Sendable (AnswerEnd) -> Void
  private let state: Mutex<State>

  /// A clock that calls `onLimit` when a limit is met.
  init(_ limits: AnswerLimits, onLimit: @escaping @Sendable (AnswerEnd) -> Void) {
    self.limits = limits
    self.onLimit = onLimit
    state = Mutex(State(workLeft: limits.work))
  }

  deinit { state.withLock { $0.timer }?.cancel() }

  /// A completion was submitted.
  func beginWaiting() {
    state.withLock { $0.timer = timer(.queueTimeout, after: limits.waiting) }
  }

  /// The engine works on it; calls after the first do nothing until `endWork`.
  func beginWork() {
    state.withLock { state in
      guard state.workBegan == nil else { return }
      state.timer?.cancel()
      state.timer = state.workLeft.map { timer(.deadline, after: $0) }
      state.workBegan = .now
    }
  }

  /// The completion has ended.
  func endWork() {
    state.withLock { state in
      state.timer?.cancel()
      state.timer = nil
      if let began = state.workBegan, let left = state.workLeft { state.workLeft = left - began.duration(to: .now) }
      state.workBegan = nil
    }
  }

  private func timer(_ end: AnswerEnd, after duration: Duration) -> Task<Void, any Error> {
    Task { [onLimit] in
      try await Task.sleep(for: duration)
      onLimit(end)
    }
  }
}
