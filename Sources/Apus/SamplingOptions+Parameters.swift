internal import ApusSampling
internal import ApusTokenizers

extension GenerationOptions {
  /// The same for the sampler, with what only the vocabulary can tell.
  func samplingParameters(_ tokenizer: Tokenizer) throws(SamplingError) -> SamplingParameters {
    var parameters = try sampling.parameters()
    if sampling.dryMultiplier > 0 {
      parameters.drySequenceBreakers = try SequenceBreakers(sampling.drySequenceBreakers).tokens(tokenizer)
    }
    if ignoreEOS {
      for token in tokenizer.vocabulary.endOfGeneration { parameters.logitBias[token] = -.infinity }
    }
    return parameters
  }

  /// Throws the first sampling option that is out of its range, as far as that can be told without a model.
  package func validate() throws(ApusError) {
    do throws(SamplingError) {
      _ = try sampling.parameters().validated()
    } catch {
      throw ApusError(error)
    }
  }
}

extension SamplingOptions {
  /// The same for the sampler, but for DRY's breakers, which need a vocabulary.
  fileprivate func parameters() throws(SamplingError) -> SamplingParameters {
    var parameters = SamplingParameters()
    parameters.logitBias = logitBias
    if let order { parameters.stages = try SamplingStage.order(named: order) }
    parameters.minimumKept = minimumKept
    parameters.temperature = temperature
    parameters.dynamicTemperatureRange = dynamicTemperatureRange
    parameters.dynamicTemperatureExponent = dynamicTemperatureExponent
    parameters.topK = topK
    parameters.topP = topP
    parameters.minP = minP
    parameters.typicalP = typicalP
    parameters.topNSigma = topNSigma
    parameters.xtcProbability = xtcProbability
    parameters.xtcThreshold = xtcThreshold
    parameters.penaltyLastN = penaltyLastN
    parameters.repeatPenalty = repetitionPenalty
    parameters.frequencyPenalty = frequencyPenalty
    parameters.presencePenalty = presencePenalty
    parameters.dryMultiplier = dryMultiplier
    parameters.dryBase = dryBase
    parameters.dryAllowedLength = dryAllowedLength
    parameters.dryPenaltyLastN = dryPenaltyLastN
    parameters.mirostat = mirostat
    parameters.mirostatTau = mirostatTau
    parameters.mirostatEta = mirostatEta
    return parameters
  }
}

/// The texts that DRY's repetitions do not reach across, as the tokens in which they can stand.
private struct SequenceBreakers {
  static let maximumCount = 16
  static let maximumByteCount = 40

  private let texts: [[UInt8]]

  init(_ texts: [String]) throws(SamplingError) {
    guard texts.count <= Self.maximumCount else {
      throw .tooMany(field: "dry_sequence_breakers", count: texts.count, limit: Self.maximumCount)
    }
    for (index, text) in texts.enumerated() {
      let length = text.utf8.count
      guard length > 0 else { throw .emptyEntry(field: "dry_sequence_breakers", index: index) }
      guard length <= Self.maximumByteCount else {
        throw .entryTooLong(
          field: "dry_sequence_breakers", index: index, length: length, limit: Self.maximumByteCount, unit: "bytes")
      }
    }
    self.texts = texts.map { Array($0.utf8) }
  }

  /// Every token that has one of the texts in it, and each text's own tokens; one pass over the vocabulary.
  func tokens(_ tokenizer: Tokenizer) -> [[Token]] {
    var sequences = texts.map { tokenizer.encode($0, addSpecial: false, parseSpecial: false) }.filter { $0.count > 1 }
    for token in 0..<Token(clamping: tokenizer.vocabulary.count) {
      let piece = tokenizer.piece(of: token)
      if texts.contains(where: { contains(piece, $0) }) { sequences.append([token]) }
    }
    return sequences
  }

  private func contains(_ piece: [UInt8], _ text: [UInt8]) -> Bool {
    guard piece.count >= text.count else { return false }
    return (0...piece.count - text.count).contains { start in piece[start..<start + text.count].elementsEqual(text) }
  }
}
