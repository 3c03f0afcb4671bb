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
  /// Whether the text that ended a completion is told as its end.
  var tellsStop = false
  /// The name of the field that has the constraint.
  var constraintField: String?

  /// Completions of `prompts` for a request; what its options leave out is as usual for the name that it asks.
  init(_ setting: JobSetting, prompts: [[Token]], count: Int, options: GenerationOptions) {
    (lease, self.prompts, self.count, self.options) = (setting.lease, prompts, count, setting.filled(options))
  }

  /// Throws where a prompt does not fit into the context with its completion.
  func checkRoom() throws(ApusError) {
    for prompt in prompts {
      try lease.model.engine.configuration.checkRoom(forPrompt: prompt.count, completion: options.maxTokens)
    }
  }

  /// Completions of all prompts together; number `prompt * count + k` is the k-th of its prompt.
  var choiceCount: Int { prompts.count * count }

  /// What reads one of the completions.
  func makeReading() -> ChoiceReading { ChoiceReading(reading?.reader(lease.model), tellsStop: tellsStop) }

  /// Whether a constraint must be compiled first, which may take some time.
  var mustCompile: Bool {
    let constraint = reading.map { $0.turn.answer } ?? options.constraint
    return constraint.map { !lease.model.hasCompiled($0) } ?? false
  }

  /// Starts the completions of these numbers, in order.
  ///
  /// May take the time of a pass over the vocabulary for each; those begun end where one is refused.
  func start(_ choices: [Int], _ shouldStop: Preparation.ShouldStop) throws(ApusError) -> [GenerationStream] {
    let constraint = try constraint(shouldStop)
    var streams: [GenerationStream] = []
    for choice in choices {
      if shouldStop() { throw .stopped }
      var request = request(choice)
      request.constraint = constraint
      streams.append(try lease.model.engine.submit(request))
    }
    return streams
  }

  /// What the completions must be; nil where they are free.
  private func constraint(_ shouldStop: Preparation.ShouldStop) throws(ApusError) -> TokenConstraint? {
    let (model, field) = (lease.model, constraintField ?? "constraint")
    if let reading {
      return try model.compile(
        reading.turn, field: field, startsInReasoning: reading.startsInReasoning, shouldStop: shouldStop)
    }
    return try options.constraint.map { constraint throws(ApusError) in
      try model.compile(constraint, field: field, shouldStop: shouldStop)
    }
  }

  /// The completion of that number, but for its compiled constraint; those of one prompt differ by their seed.
  func request(_ choice: Int) -> GenerationRequest {
    var options = options
    options.seed = options.seed.map { $0 &+ UInt64(choice % count) }
    var request = GenerationRequest(
      prompt: prompts[choice / count], options: options, scoresFrom: scoresPrompts ? 1 : nil)
    request.shownTokens = shownTokens
    request.rules = rules
    request.reasoning = reading.flatMap {
      lease.model.reasoningSpan(startsInReasoning: $0.startsInReasoning, limit: options.thinkingBudget)
    }
    return request
  }

  /// All that the result of the completion of that number depends on, as bytes; nil where it depends on chance.
  func resultKey(_ choice: Int, _ shouldStop: Preparation.ShouldStop) -> [UInt8]? {
    lease.model.resultKey(
      of: request(choice), in: reading.map { ($0.turn, $0.startsInReasoning) }, shouldStop: shouldStop)
  }
}
