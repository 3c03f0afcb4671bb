internal import Synchronization

/// Whether the client of one connection is still there.
final class ClientPresence: Sendable {
  private struct State {
    /// Why there is nobody any more; nil while there is.
    var departure: AnswerEnd?
    var hasEndedInput = false
    var nextWatch = 0
    var goneActions: [Int: @Sendable (AnswerEnd) -> Void] = [:]
    var inputActions: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  /// Runs `action` once when the client leaves, at once if it is gone already, as long as the watch is kept.
  ///
  /// It is told why: the client left, or the server closed the connection.
  func whenGone(_ action: @escaping @Sendable (AnswerEnd) -> Void) -> PresenceWatch {
    watch(isDue: { $0.departure != nil }, { action(self.departure ?? .clientLeft) }) { $0.goneActions[$1] = action }
  }

  /// Why the connection has ended; nil while it has not.
  var departure: AnswerEnd? { state.withLock { $0.departure } }

  /// Runs `action` once when the client says that it sends nothing more, as long as the watch is kept.
  ///
  /// It may wait for its answer, or be gone: only what is sent to it can tell.
  func whenInputEnds(_ action: @escaping @Sendable () -> Void) -> PresenceWatch {
    watch(isDue: { $0.hasEndedInput }, action) { $0.inputActions[$1] = action }
  }

  /// Waits until the client has said that it sends nothing more; returns early when the task is cancelled.
  func inputEnd() async {
    let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
    let watch = whenInputEnds { continuation.finish() }
    for await _ in ends {}
    withExtendedLifetime(watch) {}
  }

  /// Tells everyone who waits for it that the client sends nothing more.
  func endInput() {
    let actions = state.withLock { state in
      state.hasEndedInput = true
      defer { state.inputActions = [:] }
      return Array(state.inputActions.values)
    }
    for action in actions { action() }
  }

  /// Tells everyone who waits for it that the connection has ended; the first reason counts.
  func leave(_ reason: AnswerEnd) {
    let actions = state.withLock { state in
      state.departure = state.departure ?? reason
      defer { state.goneActions = [:] }
      return Array(state.goneActions.values)
    }
    for action in actions { action(reason) }
  }

  private func watch(
    isDue: (State) -> Bool, _ action: () -> Void, _ add: (inout State, Int) -> Void
  ) -> PresenceWatch {
    let number: Int? = state.withLock { state in
      if isDue(state) { return nil }
      state.nextWatch += 1
      add(&state, state.nextWatch)
      return state.nextWatch
    }
    if number == nil { action() }
    return PresenceWatch(self, number ?? 0)
  }

  fileprivate func removeWatch(_ number: Int) {
    state.withLock { state in
      state.goneActions[number] = nil
      state.inputActions[number] = nil
    }
  }
}

extension ClientPresence? {
  /// Does `work`, which is cancelled where the client leaves.
  func whilePresent<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
    let task = Task { try await work() }
    let watch = self?.whenGone { _ in task.cancel() }
    defer { withExtendedLifetime(watch) {} }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

/// Keeps an action waiting for what a client does.
final class PresenceWatch: Sendable {
  private let presence: ClientPresence
  private let number: Int

  fileprivate init(_ presence: ClientPresence, _ number: Int) {
    self.presence = presence
    self.number = number
  }

  deinit { presence.removeWatch(number) }
}
