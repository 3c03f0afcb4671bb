internal import ApusSampling
internal import ApusText
internal import ApusTokenizers

extension Chooser {
  /// Chooses the tokens that follow `prompt`.
  ///
  /// Throws the first sampling option that is out of its range, or does not suit the vocabulary.
  init(
    _ options: GenerationOptions, _ tokenizer: Tokenizer, after prompt: [Token], seed: UInt64,
    _ constraint: TokenConstraint? = nil, rules: TokenRules = TokenRules(), reasoning: ReasoningSpan? = nil
  ) throws(SamplingError) {
    var sampling = options.sampling ?? SamplingOptions()
    if options.ignoreEOS {
      for token in tokenizer.vocabulary.endOfGeneration { sampling.logitBias[token] = -.infinity }
    }
    let breakers = sampling.dryMultiplier > 0 ? tokenizer.breakers(sampling.drySequenceBreakers) : []
    let sampler = try Sampler(
      sampling, breakers: breakers, seed: seed, vocabularySize: tokenizer.vocabulary.count)
    var ends = options.ignoreEOS ? [] : Array(tokenizer.vocabulary.endOfGeneration)
    // A constraint's text does not end at stop tokens.
    if constraint?.isWhole != true { ends += options.stopTokens }
    self.init(
      sampler, topLogProbabilities: options.topLogProbabilities, constraint: constraint, rules: rules,
      reasoning: reasoning, ends: ends)
    for token in prompt { note(token) }
  }
}

extension GenerationOptions {
  /// Throws the first sampling option that is out of its range, as far as that can be told without a model.
  package func validate() throws(ApusError) {
    do throws(SamplingError) {
      _ = try sampling?.validated()
    } catch {
      throw ApusError(error)
    }
  }
}

extension Tokenizer {
  /// The tokens in which the texts that DRY's repetitions do not reach across can stand: every token that has one of
  /// them in it, and each text's own tokens; one pass over the vocabulary.
  fileprivate func breakers(_ texts: [String]) -> [[Token]] {
    let texts = texts.map { Array($0.utf8) }
    var sequences = texts.map { encode($0, addSpecial: false, parseSpecial: false) }.filter { $0.count > 1 }
    for token in 0..<Token(clamping: vocabulary.count) {
      let piece = piece(of: token)
      if texts.contains(where: { piece.position(of: $0) != nil }) { sequences.append([token]) }
    }
    return sequences
  }
}
