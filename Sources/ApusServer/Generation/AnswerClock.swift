internal import Synchronization

/// How long an answer may take.
struct AnswerLimits: Sendable {
  /// Waiting for other requests, each time that none of its completions is worked on.
  var waiting: Duration
  /// Being worked on, whether on one of its completions or several; nil for as long as it takes.
  var work: Duration?
}

/// Measures an answer against its limits: waiting and work are told apart, and never counted as each other.
final class AnswerClock: Sendable {
  private struct State {
    var timer: Task<Void, any Error>?
    var workLeft: Duration?
    /// Since when at least one completion is worked on.
    var workBegan: ContinuousClock.Instant?
    var waiting: Set<Int> = []
    var working: Set<Int> = []
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

  /// Completions number 0 to `count - 1` were submitted.
  func beginWaiting(_ count: Int) {
    state.withLock { state in
      state.waiting = Set(0..<count)
      state.timer = timer(.queueTimeout, after: limits.waiting)
    }
  }

  /// The engine works on a completion; calls after the first do nothing.
  func beginWork(_ choice: Int) {
    state.withLock { state in
      guard state.waiting.remove(choice) != nil else { return }
      state.working.insert(choice)
      guard state.workBegan == nil else { return }
      state.timer?.cancel()
      state.timer = state.workLeft.map { timer(.deadline, after: $0) }
      state.workBegan = .now
    }
  }

  /// A completion has ended.
  func end(_ choice: Int) {
    state.withLock { state in
      state.waiting.remove(choice)
      guard state.working.remove(choice) != nil, state.working.isEmpty else { return }
      state.timer?.cancel()
      state.timer = state.waiting.isEmpty ? nil : timer(.queueTimeout, after: limits.waiting)
      if let began = state.workBegan, let left = state.workLeft { state.workLeft = left - began.duration(to: .now) }
      state.workBegan = nil
    }
  }

  private func timer(_ end: AnswerEnd, after duration: Duration) -> Task<Void, any Error> {
    Task { [onLimit] in
      try await pause(for: duration)
      onLimit(end)
    }
  }
}
