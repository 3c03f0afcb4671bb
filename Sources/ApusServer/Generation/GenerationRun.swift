internal import Apus
internal import Synchronization

/// The completions that one request asks for: `count` of each prompt, one after the other.
struct GenerationPlan: Sendable {
  let model: Model
  let prompts: [[Token]]
  let count: Int
  let options: GenerationOptions

  /// Completions of all prompts together; number `prompt * count + k` is the k-th of its prompt.
  var choiceCount: Int { prompts.count * count }

  /// Throws where a prompt cannot be completed, before any other is worked on.
  func check() throws(ApusError) {
    let limit = model.information.contextLength
    for prompt in prompts where prompt.count >= limit {
      let requested = prompt.count.addingReportingOverflow(options.maxTokens ?? 1)
      throw .contextLengthExceeded(
        limit: limit, requested: requested.overflow ? .max : requested.partialValue, prompt: prompt.count)
    }
  }

  /// Starts the completion of that number; those of one prompt differ by their seed.
  fileprivate func start(_ choice: Int) throws(ApusError) -> GenerationStream {
    var options = options
    options.seed = options.seed.map { $0 &+ UInt64(choice % count) }
    return try model.stream(tokens: prompts[choice / count], options: options)
  }
}

/// Why a request's completions were ended from outside.
enum Interruption: Sendable {
  /// Nobody is there to read them.
  case clientLeft
  /// They took longer than an answer may.
  case deadline
}

/// The work on one request, from its admission to the end of its last completion.
final class GenerationRun: Sendable {
  private struct State {
    var current: GenerationStream?
    var interruption: Interruption?
    var watch: PresenceWatch?
  }

  let plan: GenerationPlan
  private let permit: AdmissionPermit
  private let state: Mutex<State>

  /// Takes a place in the queue and starts the first completion; throws where either is refused.
  init(_ plan: GenerationPlan, admission: Admission) throws {
    self.plan = plan
    permit = try admission.admit()
    state = Mutex(State(current: try plan.start(0)))
  }

  /// Ends the work within a token when the client leaves.
  func end(with client: ClientPresence?) {
    guard let client else { return }
    let watch = client.whenGone { [weak self] in self?.interrupt(.clientLeft) }
    state.withLock { $0.watch = watch }
  }

  /// Ends the work within a token.
  func interrupt(_ reason: Interruption) {
    let stream = state.withLock { state in
      if state.interruption == nil { state.interruption = reason }
      return state.current
    }
    stream?.cancel()
  }

  /// Why the work was ended from outside, if it was.
  var interruption: Interruption? { state.withLock { $0.interruption } }

  /// The events of one completion; call it once for each, in order.
  func events(of choice: Int) throws(ApusError) -> GenerationStream {
    let first = choice == 0 ? state.withLock { $0.current } : nil
    let stream = if let first { first } else { try plan.start(choice) }
    let isInterrupted = state.withLock { state in
      state.current = stream
      return state.interruption != nil
    }
    if isInterrupted { stream.cancel() }
    return stream
  }

  /// How a completion ended for the client; throws where it did not end by itself.
  func finishReason(of summary: GenerationSummary) throws(APIError) -> String {
    switch (summary.finishReason, interruption) {
    case (.stop, _): return "stop"
    case (.length, _), (.cancelled, .deadline?): return "length"
    case (.cancelled, .clientLeft?): throw .clientLeft
    case (.cancelled, nil): throw .shuttingDown
    }
  }
}
