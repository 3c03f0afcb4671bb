internal import Apus
internal import Synchronization

/// The work on one request, from its admission to the end of its last completion.
final class GenerationRun: Sendable {
  private struct State {
    var streams: [GenerationStream] = []
    var cache: CacheWork?
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
    _ start: CompletionStart, _ permit: AdmissionPermit, _ usage: UsagePermit, _ limits: AnswerLimits,
    preparation: Preparation, client: ClientPresence?, outcome: RequestOutcome, _ measures: CompletionMetrics
  ) async throws {
    plan = start.plan
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
    let (streams, cache) = try await start.run(preparation, for: client)
    usage.charge(promptTokens: plan.prompts.reduce(0) { $0 + $1.count })
    clock.beginWaiting(streams.count)
    let isInterrupted = state.withLock { state in
      state.streams = streams
      state.cache = cache
      return state.interruption != nil
    }
    if isInterrupted { for stream in streams { stream.cancel() } }
  }

  /// The completions, by their numbers: iterate each once, and tell of every event.
  var streams: [GenerationStream] { state.withLock { $0.streams } }

  /// What the cache had, or has now; nil where it has nothing to do with the request.
  var cacheOutcome: CacheOutcome? { cache?.outcome }

  private var cache: CacheWork? { state.withLock { $0.cache } }

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
      cache?.note(delta, of: choice)
      usage.charge(completionTokens: delta.tokens.count)
    case .finished(let summary):
      clock?.end(choice)
      let (rest, isLast) = state.withLock { state in
        state.openCount -= 1
        return (summary.usage.completionTokens - state.counted[choice], state.openCount == 0)
      }
      usage.charge(completionTokens: max(0, rest))
      let cost = cost(of: choice, summary)
      // A prompt counts once, however many completions it has.
      usage.note(
        cachedTokens: choice.isMultiple(of: plan.count) ? cost.usage.cachedTokens : 0,
        time: cost.timings.prefill + cost.timings.decode)
      outcome.trace?.note(cost, choice: choice)
      // Before the client knows that it may ask again.
      if isLast { usage.end() }
    }
  }

  /// How a completion ended; where that was not by itself, the others end too, and else the cache has it now.
  func end(of choice: Int, _ summary: GenerationSummary) async -> AnswerEnd {
    let end = AnswerEnd(summary.finishReason, interruption: state.withLock { $0.interruption })
    measures.note(cost(of: choice, summary), end)
    if end.error != nil { interrupt(end) }
    await cache?.end(of: choice, summary)
    return end
  }

  /// What a completion took.
  private func cost(of choice: Int, _ summary: GenerationSummary) -> GenerationSummary {
    cache?.cost(of: choice, summary) ?? summary
  }
}
