internal import Apus
internal import Synchronization

/// The work on one request, from its admission to the end of its last completion.
final class GenerationRun: Sendable {
  private struct State {
    var streams: [GenerationStream] = []
    var interruption: AnswerEnd?
    var watch: PresenceWatch?
    var clock: AnswerClock?
  }

  let plan: GenerationPlan
  /// Where it is told how the answer ended.
  let outcome: RequestOutcome
  private let permit: AdmissionPermit
  private let state = Mutex(State())

  /// Starts all completions; throws where one is refused.
  ///
  /// The work ends within a token when the client leaves or a limit is met.
  init(
    _ plan: GenerationPlan, _ permit: AdmissionPermit, _ limits: AnswerLimits, preparation: Preparation,
    client: ClientPresence?, outcome: RequestOutcome
  ) async throws {
    self.plan = plan
    self.outcome = outcome
    self.permit = permit
    let clock = AnswerClock(limits) { [weak self] end in self?.interrupt(end) }
    let watch = client?.whenGone { [weak self] in self?.interrupt($0) }
    state.withLock { state in
      state.clock = clock
      state.watch = watch
    }
    let streams = try await preparation.run(for: client) { [plan] in try plan.start($0) }
    clock.beginWaiting(streams.count)
    let isInterrupted = state.withLock { state in
      state.streams = streams
      return state.interruption != nil
    }
    if isInterrupted { for stream in streams { stream.cancel() } }
  }

  /// The completions, by their numbers: iterate each once, and tell of every event.
  var streams: [GenerationStream] { state.withLock { $0.streams } }

  /// Ends the work within a token.
  private func interrupt(_ end: AnswerEnd) {
    let streams = state.withLock { state in
      state.interruption = state.interruption ?? end
      return state.streams
    }
    for stream in streams { stream.cancel() }
  }

  /// Takes note of an event of a completion, before it is used: work has begun with the first.
  func note(_ event: GenerationEvent, of choice: Int) {
    let clock = state.withLock { $0.clock }
    switch event {
    case .progress, .text: clock?.beginWork(choice)
    case .finished: clock?.end(choice)
    }
  }

  /// How a completion ended; where that was not by itself, the others end too.
  func end(of summary: GenerationSummary) -> AnswerEnd {
    let end = AnswerEnd(summary.finishReason, interruption: state.withLock { $0.interruption })
    if end.error != nil { interrupt(end) }
    return end
  }
}
