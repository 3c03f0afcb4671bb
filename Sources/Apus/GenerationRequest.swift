package import ApusCore
internal import ApusSampling

/// A prompt as tokens, and what its completion should be like.
package struct GenerationRequest: Sendable {
  /// The prompt, all of the vocabulary and not empty.
  package var prompt: [Token]
  package var options: GenerationOptions
  /// Control tokens that are part of the completion's text: the marks around reasoning and calls.
  package var shownTokens: Set<Token> = []
  /// What the completion's text must be; nil allows all.
  package var constraint: TokenConstraint?
  /// What the model thinks before it answers, where it marks that.
  package var reasoning: ReasoningSpan?
  /// Which tokens it may have; where a constraint leaves no other way, that counts.
  package var rules = TokenRules()
  /// The first token of the prompt that is scored, with all that follow; nil scores none.
  package var scoresFrom: Int?
  /// What of the prompt becomes a vector; nil for a completion.
  package private(set) var pooled: PooledPositions?

  package init(
    prompt: [Token], options: GenerationOptions = GenerationOptions(), constraint: TokenConstraint? = nil,
    scoresFrom: Int? = nil
  ) {
    self.prompt = prompt
    self.options = options
    self.constraint = constraint
    self.scoresFrom = scoresFrom
  }

  /// The vector or scores of `text`, as pooled and not normalized.
  package init(pooling pooled: PooledPositions, of text: [Token], cacheSalt: String? = nil) {
    self.init(prompt: text, options: GenerationOptions(maxTokens: 0, cacheSalt: cacheSalt, speculation: .off))
    self.pooled = pooled
  }
}

/// The positions of a sequence that become a vector: their mean.
package struct PooledPositions: Sendable, Equatable {
  package let positions: Range<Int>
  /// Whether all of the sequence is in one step, which pools it; else rows are pooled as they come.
  package let isWhole: Bool

  package init(_ positions: Range<Int>, isWhole: Bool) { (self.positions, self.isWhole) = (positions, isWhole) }

  /// Rows that steps give for them.
  var rowCount: Int { isWhole ? 1 : positions.count }
}

extension GenerationRequest {
  /// The most entries of `topLogProbabilities`.
  static let maximumTopLogProbabilities = 20
  /// A deadline beyond this one, some thousand years, is this one: clocks go no further.
  static let longestDeadline = Duration.seconds(1 << 35)
  /// The most entries of `stopTokens`.
  static let maximumStopTokens = 2500

  /// Throws the first thing that is wrong with its numbers and tokens.
  ///
  /// Sampling options and stop texts are looked at where they are taken: by `Sampler` and `StopMatcher`.
  func check(vocabularySize: Int, _ configuration: EngineConfiguration) throws(ApusError) {
    try Self.check(options, vocabularySize)
    try Self.check(prompt, vocabularySize)
    if let scoresFrom, !(1...prompt.count).contains(scoresFrom) {
      throw .invalidRequest(
        field: "start",
        reason: "start is \(scoresFrom), but must be 1 to \(prompt.count): the first token has none before it")
    }
    // What becomes a vector needs no room behind it.
    if pooled != nil, prompt.count == configuration.contextLength { return }
    try configuration.checkRoom(forPrompt: prompt.count, completion: options.maxTokens)
  }

  private static func check(_ options: GenerationOptions, _ vocabularySize: Int) throws(ApusError) {
    if let maximum = options.maxTokens, maximum < 0 {
      throw .invalidRequest(field: "max_tokens", reason: "max_tokens is \(maximum), but must be 0 or more")
    }
    if let top = options.topLogProbabilities, !(0...maximumTopLogProbabilities).contains(top) {
      throw .invalidRequest(
        field: "top_logprobs", reason: "top_logprobs is \(top), but must be 0 to \(maximumTopLogProbabilities)")
    }
    if let budget = options.thinkingBudget, budget < 0 {
      throw .invalidRequest(field: "thinking_budget", reason: "thinking_budget is \(budget), but must be 0 or more")
    }
    if let deadline = options.deadline, deadline <= .zero {
      throw .invalidRequest(field: "deadline", reason: "deadline is \(deadline), but must be more than nothing")
    }
    guard options.stopTokens.count <= maximumStopTokens else {
      throw .invalidRequest(
        field: "stop_token_ids",
        reason: "stop_token_ids has \(options.stopTokens.count) entries, but may have at most \(maximumStopTokens)")
    }
    try check(options.stopTokens, "stop_token_ids", vocabularySize)
    try check(options.prediction, "prediction", vocabularySize)
  }

  private static func check(_ prompt: [Token], _ vocabularySize: Int) throws(ApusError) {
    guard !prompt.isEmpty else {
      throw .invalidRequest(
        field: "prompt", reason: "the prompt is empty, and this model has no token to begin with: give some text")
    }
    try check(prompt, "prompt", vocabularySize)
  }

  private static func check(_ tokens: [Token], _ field: String, _ vocabularySize: Int) throws(ApusError) {
    guard let token = tokens.first(where: { $0 < 0 || Int($0) >= vocabularySize }) else { return }
    throw .invalidRequest(
      field: field, reason: "\(field) names token \(token), but this model's tokens are 0 to \(vocabularySize - 1)")
  }
}

extension EngineConfiguration {
  /// Throws where a prompt of so many tokens leaves no room for a completion.
  ///
  /// `completion` is how many tokens of it were asked for: for the numbers in the error only, as a completion that meets
  /// the end of the context ends there.
  package func checkRoom(forPrompt prompt: Int, completion: Int?) throws(ApusError) {
    guard prompt >= contextLength else { return }
    let requested = prompt.addingReportingOverflow(max(1, completion ?? 1))
    throw .contextLengthExceeded(
      limit: contextLength, requested: requested.overflow ? .max : requested.partialValue, prompt: prompt)
  }
}

extension ApusError {
  /// What the sampler or the stop matcher found wrong, as an error of the request.
  init(_ error: SamplingError) {
    let field =
      switch error {
      case .outOfRange(let field, _, _, _), .tooMany(let field, _, _), .emptyEntry(let field, _),
        .entryTooLong(let field, _, _, _, _), .tokenOutsideVocabulary(let field, _, _):
        field
      case .unknownStage, .repeatedStage: "samplers"
      case .nothingAllowed: "logit_bias"
      case .nonFiniteLogits, .wrongCount: "logits"
      }
    self = .invalidRequest(field: field, reason: error.description)
  }
}
