internal import Apus

/// The completions that one request asks for: `count` of each prompt, all at the same time as far as the engine has room.
struct GenerationPlan: Sendable {
  /// Keeps the model loaded until the last completion has ended.
  let lease: ModelLease
  let prompts: [[Token]]
  let count: Int
  var options: GenerationOptions
  /// Whether the tokens of the prompts get scores, all but the first of each.
  var scoresPrompts = false
  /// Which tokens the completions may have.
  var rules = TokenRules()
  /// Control tokens that are part of the completions' texts.
  var shownTokens: Set<Token> = []
  /// How the answers of a chat are read; nil where they are raw completions.
  var reading: TurnReading?
  /// What keeps the calls of a chat's answers in form, where nothing else is asked of them.
  var callConstraint: TokenConstraint?
  /// The name of the field that has the constraint.
  var constraintField: String?

  /// Completions of all prompts together; number `prompt * count + k` is the k-th of its prompt.
  var choiceCount: Int { prompts.count * count }

  /// What reads one of the completions.
  func makeReading() -> ChoiceReading { ChoiceReading(reading?.reader(lease.model)) }
  /// Whether a constraint must be compiled first, which may take some time.
  var mustCompile: Bool { options.constraint.map { !lease.model.hasCompiled($0) } ?? false }

  /// Starts all completions, in order.
  ///
  /// May take the time of a pass over the vocabulary for each; those begun end where one is refused.
  func start(_ shouldStop: Preparation.ShouldStop) throws(ApusError) -> [GenerationStream] {
    let constraint =
      try options.constraint.map { constraint throws(ApusError) in
        try lease.model.compile(
          constraint, field: constraintField ?? "constraint", startsInReasoning: reading?.startsInReasoning,
          shouldStop: shouldStop)
      } ?? callConstraint
    var streams: [GenerationStream] = []
    for choice in 0..<choiceCount {
      if shouldStop() { throw .stopped }
      streams.append(try start(choice, constraint))
    }
    return streams
  }

  /// Starts the completion of that number; those of one prompt differ by their seed.
  private func start(_ choice: Int, _ constraint: TokenConstraint?) throws(ApusError) -> GenerationStream {
    var options = options
    options.seed = options.seed.map { $0 &+ UInt64(choice % count) }
    var request = GenerationRequest(
      prompt: prompts[choice / count], options: options, constraint: constraint, scoresFrom: scoresPrompts ? 1 : nil)
    request.shownTokens = shownTokens
    request.rules = rules
    return try lease.model.engine.submit(request)
  }
}
