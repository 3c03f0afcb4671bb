internal import Apus
internal import Synchronization

/// The work on one request, from its admission to the end of its last completion.
final class GenerationRun: Sendable {
  private struct State {
    var current: GenerationStream?
    var interruption: AnswerEnd?
    var watch: PresenceWatch?
    var clock: AnswerClock?
  }

  let plan: GenerationPlan
  /// Where it is told how the answer ended.
  let outcome: RequestOutcome
  private let permit: AdmissionPermit
  private let preparation: Preparation
  private let client: ClientPresence?
  private let state = Mutex(State())

  /// Starts the first completion; throws where it is refused.
  ///
  /// The work ends within a token when the client leaves or a limit is met.
  init(
    _ plan: GenerationPlan, _ permit: AdmissionPermit, _ limits: AnswerLimits, preparation: Preparation,
    client: ClientPresence?, outcome: RequestOutcome
  ) async throws {
    self.plan = plan
    self.outcome = outcome
    self.permit = permit
    self.preparation = preparation
    self.client = client
    let clock = AnswerClock(limits) { [weak self] end in self?.interrupt(end) }
    let watch = client?.whenGone { [weak self] in self?.interrupt($0) }
    state.withLock { state in
      state.clock = clock
      state.watch = watch
    }
    try await start(0)
  }

  /// Ends the work within a token.
  private func interrupt(_ end: AnswerEnd) {
    let stream = state.withLock { state in
      state.interruption = state.interruption ?? end
      return state.current
    }
    stream?.cancel()
  }

  /// Why the work was ended from outside, if it was.
  var interruption: AnswerEnd? { state.withLock { $0.interruption } }

  private func start(_ choice: Int) async throws {
    let stream = try await preparation.run(for: client) { [plan] _ in try plan.start(choice) }
    let (clock, isInterrupted) = state.withLock { state in
      state.current = stream
      return (state.clock, state.interruption != nil)
    }
    clock?.beginWaiting()
    if isInterrupted { stream.cancel() }
  }

  /// The events of one completion; call it once for each, in order, and tell it of every event.
  ///
  /// nil where the work was ended from outside before this completion began.
  func events(of choice: Int) async throws -> GenerationStream? {
    do {
      if choice > 0 {
        guard interruption == nil else { return nil }
        try await start(choice)
      }
    } catch  where APIError(known: error)?.code == APIError.shuttingDown.code {
      interrupt(.shutdown)
      return nil
    }
    return state.withLock { $0.current }
  }

  /// Takes note of an event, before it is used: work has begun with the first.
  func note(_ event: GenerationEvent) {
    let clock = state.withLock { $0.clock }
    switch event {
    case .progress, .text: clock?.beginWork()
    case .finished: clock?.endWork()
    }
  }

  /// How a completion ended; where that was not by itself, no other begins.
  func end(of summary: GenerationSummary) -> AnswerEnd {
    let end = AnswerEnd(summary.finishReason, interruption: interruption)
    if end.error != nil { interrupt(end) }
    return end
  }
}
