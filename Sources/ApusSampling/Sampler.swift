package import ApusCore

/// Chooses the next token of one sequence: logits in, token out, from options, history and a seed.
///
/// What is as large as the vocabulary is the caller's `Workspace`. The same seed, options, accepted tokens and logits give
/// the same token on every machine. A draw takes one output of the generator, XTC one more before it where it is on; a
/// greedy choice takes none.
package struct Sampler: Sendable {
  /// The most tokens in all sequence breakers of DRY together.
  package static let maximumBreakerTokens = 65_536

  private let options: SamplingOptions
  private let stages: [SamplingStage]
  private let vocabularySize: Int
  private var random: RandomSource
  private var history: TokenHistory
  private let penalties: Penalties?
  private var repetitions: RepetitionGuard?
  private var mirostat: Mirostat?

  /// A sampler for a sequence that has no tokens yet.
  ///
  /// - Parameters:
  ///   - options: What to do; refused where a value is out of its range. Temperatures up to
  ///     `SamplingOptions.highestTemperature` are taken: stricter limits are for the API that reads the request.
  ///   - breakers: The tokens of DRY's `drySequenceBreakers`, which only a vocabulary can tell.
  ///   - seed: What the generator starts from.
  ///   - vocabularySize: The number of logits each choice is made from.
  /// - Throws: The first option that is out of range, or a biased token that the vocabulary does not have.
  package init(
    _ options: SamplingOptions, breakers: [[Token]] = [], seed: UInt64, vocabularySize: Int
  ) throws(SamplingError) {
    self.options = try options.validated(maximumTemperature: SamplingOptions.highestTemperature)
    stages = try options.stages()
    if let token = options.logitBias.keys.sorted().first(where: { $0 < 0 || $0 >= vocabularySize }) {
      throw .tokenOutsideVocabulary(field: "logit_bias", token: token, vocabularySize: vocabularySize)
    }
    try Self.check(breakers)
    self.vocabularySize = vocabularySize
    random = RandomSource(seed: seed)
    penalties = stages.contains(.penalties) ? Penalties(options) : nil
    repetitions = stages.contains(.dry) ? RepetitionGuard(options, breakers: breakers) : nil
    mirostat = Mirostat(options, vocabularySize: vocabularySize)
    history = TokenHistory(window: penalties == nil ? 0 : options.penaltyLastN)
  }

  private static func check(_ breakers: [[Token]]) throws(SamplingError) {
    if let index = breakers.firstIndex(where: \.isEmpty) {
      throw .emptyEntry(field: "dry_sequence_breakers", index: index)
    }
    let tokens = breakers.reduce(0) { $0 + $1.count }
    guard tokens <= maximumBreakerTokens else {
      throw .tooMany(field: "dry_sequence_breakers", count: tokens, limit: maximumBreakerTokens)
    }
  }

  /// Takes a token of the prompt or the completion into the history that penalties and DRY look at.
  ///
  /// `next` does not do this by itself: call it once for every token that joins the sequence.
  package mutating func accept(_ token: Token) {
    guard penalties != nil || repetitions != nil else { return }
    history.append(token)
    repetitions?.noteEnd(of: history)
  }

  /// Chooses the next token.
  ///
  /// - Parameters:
  ///   - logits: One for each token of the vocabulary; −infinity forbids a token, NaN and +infinity are errors.
  ///   - mask: The tokens that a grammar allows; applied before everything else.
  ///   - workspace: What to work in; what it holds makes no difference.
  /// - Returns: The token.
  /// - Throws: Where the logits are not usable, or no token is allowed.
  package mutating func next(
    from logits: Span<Float>, allowing mask: TokenMask? = nil, using workspace: inout Workspace
  ) throws(SamplingError) -> Token {
    guard logits.count == vocabularySize else {
      throw .wrongCount(of: "logits", expected: vocabularySize, found: logits.count)
    }
    try workspace.load(logits)
    try restrict(&workspace, to: mask)
    if options.isGreedy { return try greedy(&workspace) }
    for stage in stages where mirostat == nil || Self.worksWithMirostat(stage) { run(stage, &workspace) }
    if mirostat != nil, let token = mirostat?.draw(from: &workspace, using: &random) { return token }
    return workspace.draw(using: &random).candidate.token
  }

  /// Applies the mask and the logit bias, and makes sure that a token is left.
  private func restrict(_ workspace: inout Workspace, to mask: TokenMask?) throws(SamplingError) {
    if let mask { try workspace.apply(mask) }
    workspace.add(options.logitBias)
    guard mask != nil || !options.logitBias.isEmpty else { return }
    if workspace.isEverythingForbidden { throw .nothingAllowed }
  }

  /// The best token after bias and penalties; no other stage, not even XTC or Mirostat, changes it.
  private mutating func greedy(_ workspace: inout Workspace) throws(SamplingError) -> Token {
    for stage in stages where stage == .penalties || stage == .dry { run(stage, &workspace) }
    guard let token = workspace.bestToken() else { throw .nothingAllowed }
    return token
  }

  /// Mirostat does the truncating itself, so of the stages only those that change logits run with it.
  private static func worksWithMirostat(_ stage: SamplingStage) -> Bool {
    stage == .penalties || stage == .dry || stage == .temperature
  }

  private mutating func run(_ stage: SamplingStage, _ workspace: inout Workspace) {
    let minimum = options.minimumKept
    switch stage {
    case .penalties: if let penalties { workspace.penalize(history.counts, with: penalties) }
    case .dry: penalizeRepetitions(&workspace)
    case .topNSigma: workspace.keepWithinSigmas(options.topNSigma, minimum: minimum)
    case .topK: workspace.keepTop(options.topK, minimum: minimum)
    case .typical: workspace.keepTypical(options.typicalP, minimum: minimum)
    case .topP: workspace.keepNucleus(options.topP, minimum: minimum)
    case .minP: workspace.keepMinP(options.minP, minimum: minimum)
    case .xtc: drawTopChoices(&workspace)
    case .temperature: scale(&workspace)
    }
  }

  private mutating func penalizeRepetitions(_ workspace: inout Workspace) {
    repetitions?.search(history)
    if let repetitions { workspace.penalize(repetitions) }
  }

  /// Removes the top choices with the chance that the options give.
  private mutating func drawTopChoices(_ workspace: inout Workspace) {
    guard options.xtcProbability > 0, options.xtcThreshold <= 0.5 else { return }
    guard random.nextUnit() < options.xtcProbability else { return }
    workspace.excludeTopChoices(threshold: options.xtcThreshold, minimum: options.minimumKept)
  }

  private func scale(_ workspace: inout Workspace) {
    let (temperature, range) = (options.temperature, options.dynamicTemperatureRange)
    guard range > 0 else { return workspace.scale(temperature: temperature) }
    workspace.scale(temperature: temperature, range: range, exponent: options.dynamicTemperatureExponent)
  }
}
