internal import ApusSampling
internal import ApusText
internal import ApusTokenizers

extension GenerationOptions {
  /// A sampler for a sequence of this vocabulary that has no tokens yet.
  func sampler(_ tokenizer: Tokenizer, seed: UInt64) throws(SamplingError) -> Sampler {
    var options = sampling ?? SamplingOptions()
    if ignoreEOS {
      for token in tokenizer.vocabulary.endOfGeneration { options.logitBias[token] = -.infinity }
    }
    let breakers = options.dryMultiplier > 0 ? tokenizer.breakers(options.drySequenceBreakers) : []
    return try Sampler(options, breakers: breakers, seed: seed, vocabularySize: tokenizer.vocabulary.count)
  }

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
