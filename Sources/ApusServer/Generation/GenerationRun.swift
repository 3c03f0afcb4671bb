internal import Apus
internal import Synchronization

/// The work on one request, from its admission to the end of its last completion.
final class GenerationRun: Sendable {
  private struct State {
    var streams: [GenerationStream] = []
    var interruption: AnswerEnd?
    var watch: PresenceWatch?
    var clock: AnswerClock?
    /// Tokens that were counted, by the numbers of their completions.
    var counted: [Int]
    var openCount: Int
  }

  let plan: GenerationPlan
  /// Where it is told how the answer ended.
  let outcome: RequestOutcome
  private let permit: AdmissionPermit
  private let measures: CompletionMetrics
  private let usage: UsagePermit
  private let state: Mutex<State>

  /// Starts all completions; throws where one is refused.
  ///
  /// The work ends within a token when the client leaves or a limit is met.
  init(
    _ plan: GenerationPlan, _ permit: AdmissionPermit, _ usage: UsagePermit, _ limits: AnswerLimits,
    preparation: Preparation, client: ClientPresence?, outcome: RequestOutcome, _ measures: CompletionMetrics
  ) async throws {
    self.plan = plan
    self.outcome = outcome
    self.permit = permit
    self.measures = measures
    self.usage = usage
    let choiceCount = plan.choiceCount
    state = Mutex(State(counted: Array(repeating: 0, count: choiceCount), openCount: choiceCount))
    let clock = AnswerClock(limits) { [weak self] end in self?.interrupt(end) }
    let watch = client?.whenGone { [weak self] in self?.interrupt($0) }
    state.withLock { state in
      state.clock = clock
      state.watch = watch
    }
    let streams = try await preparation.run(for: client, isHard: plan.mustCompile) { [plan] in try plan.start($0) }
    usage.charge(promptTokens: plan.prompts.reduce(0) { $0 + $1.count })
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
    case .progress: clock?.beginWork(choice)
    case .text(let delta):
      clock?.beginWork(choice)
      state.withLock { $0.counted[choice] += delta.tokens.count }
      usage.charge(completionTokens: delta.tokens.count)
    case .finished(let summary):
      clock?.end(choice)
      let (rest, isLast) = state.withLock { state in
        state.openCount -= 1
        return (summary.usage.completionTokens - state.counted[choice], state.openCount == 0)
      }
      usage.charge(completionTokens: max(0, rest))
      // A prompt counts once, however many completions it has.
      usage.note(
        cachedTokens: choice.isMultiple(of: plan.count) ? summary.usage.cachedTokens : 0,
        time: summary.timings.prefill + summary.timings.decode)
      outcome.trace?.note(summary, choice: choice)
      // Before the client knows that it may ask again.
      if isLast { usage.end() }
    }
  }

  /// How a completion ended; where that was not by itself, the others end too.
  func end(of summary: GenerationSummary) -> AnswerEnd {
    let end = AnswerEnd(summary.finishReason, interruption: state.withLock { $0.interruption })
    measures.note(summary, end)
    if end.error != nil { interrupt(end) }
    return end
  }
}
