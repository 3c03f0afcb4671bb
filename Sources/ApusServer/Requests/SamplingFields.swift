internal import Apus
internal import ApusJSON

extension RequestFields {
  /// How tokens are chosen: OpenAI's fields, and those of llama.cpp and vLLM beside them.
  ///
  /// What is not named is as in `usual`, so that the same question is answered as well here as elsewhere. Where there
  /// is `words`, which gives the tokens of a text, `logit_bias` may also be a list of pairs, as in llama.cpp.
  func sampling(
    usual: SamplingOptions, vocabularySize: Int, limits: RequestLimits, words: ((String) -> [Token])? = nil
  ) throws(Refusal) -> SamplingOptions {
    var options = usual
    options.temperature = try number("temperature", in: 0...limits.temperature) ?? options.temperature
    options.topP = try number("top_p", in: 0...1) ?? options.topP
    options.topK = max(0, try int("top_k", in: -1...Int(Int32.max)) ?? options.topK)
    options.minP = try number("min_p", in: 0...1) ?? options.minP
    try readTruncation(into: &options)
    try readPenalties(into: &options)
    try readRepetitionGuard(into: &options, limits: limits)
    options.mirostat = try int("mirostat", in: 0...2) ?? options.mirostat
    options.mirostatTau = try number("mirostat_tau", in: 0...100) ?? options.mirostatTau
    options.mirostatEta = try number("mirostat_eta", in: 0...1) ?? options.mirostatEta
    options.order = try samplerOrder() ?? options.order
    let bias = LogitBiasFields(fields: self, vocabularySize: vocabularySize, limit: limits.logitBiases)
    options.logitBias = if let words { try bias.pairs(words) } else { try bias.members() }
    return options
  }

  private func readTruncation(into options: inout SamplingOptions) throws(Refusal) {
    options.typicalP = try number("typical_p", in: 0...1) ?? options.typicalP
    options.topNSigma = try number("top_n_sigma", in: -1...100) ?? options.topNSigma
    options.minimumKept = try int("min_keep", in: 0...Int(Int32.max)) ?? options.minimumKept
    options.xtcProbability = try number("xtc_probability", in: 0...1) ?? options.xtcProbability
    options.xtcThreshold = try number("xtc_threshold", in: 0...1) ?? options.xtcThreshold
    options.dynamicTemperatureRange = try number("dynatemp_range", in: 0...2) ?? options.dynamicTemperatureRange
    options.dynamicTemperatureExponent =
      try number("dynatemp_exponent", in: 0...100) ?? options.dynamicTemperatureExponent
  }

  /// vLLM's `repetition_penalty` looks at all tokens, llama.cpp's `repeat_penalty` at the last `repeat_last_n`.
  private func readPenalties(into options: inout SamplingOptions) throws(Refusal) {
    options.presencePenalty = try number("presence_penalty", in: -2...2) ?? options.presencePenalty
    options.frequencyPenalty = try number("frequency_penalty", in: -2...2) ?? options.frequencyPenalty
    let penalty = try only(["repetition_penalty", "repeat_penalty"]) { name throws(Refusal) in
      try number(name, in: 0.01...100)
    }
    options.repetitionPenalty = penalty ?? options.repetitionPenalty
    let looksAtAll = ["repetition_penalty", "presence_penalty", "frequency_penalty"].contains { self[$0] != nil }
    let lastTokens = looksAtAll && self["repeat_penalty"] == nil ? -1 : options.penaltyLastN
    options.penaltyLastN = try int("repeat_last_n", in: -1...Int(Int32.max)) ?? lastTokens
  }

  private func readRepetitionGuard(into options: inout SamplingOptions, limits: RequestLimits) throws(Refusal) {
    options.dryMultiplier = try number("dry_multiplier", in: 0...100) ?? options.dryMultiplier
    options.dryBase = try number("dry_base", in: 1...100) ?? options.dryBase
    options.dryAllowedLength = try int("dry_allowed_length", in: 0...Int(Int32.max)) ?? options.dryAllowedLength
    options.dryPenaltyLastN = try int("dry_penalty_last_n", in: -1...Int(Int32.max)) ?? options.dryPenaltyLastN
    if self["dry_sequence_breakers"] != nil {
      options.drySequenceBreakers = try texts("dry_sequence_breakers", limits: limits)
    }
  }

  /// A list of texts, each neither empty nor long; a single text is a list of one.
  func texts(_ name: String, limits: RequestLimits) throws(Refusal) -> [String] {
    let values: [JSONValue]
    switch self[name] {
    case nil: return []
    case .string(let text): values = [.string(text)]
    case .array(let array): values = array
    default: throw mismatch(name, "a text or an array of texts")
    }
    guard values.count <= limits.stops else { throw mismatch(name, "at most \(limits.stops) texts") }
    var texts: [String] = []
    for value in values {
      guard case .string(let text) = value, (1...limits.stopByteCount).contains(text.utf8.count) else {
        throw mismatch(name, "made of texts of 1 to \(limits.stopByteCount) bytes")
      }
      texts.append(text)
    }
    return texts
  }

  /// The same where a single text is no list.
  func textList(_ name: String, limits: RequestLimits) throws(Refusal) -> [String] {
    _ = try array(name)
    return try texts(name, limits: limits)
  }

  /// Token ids of the vocabulary.
  func tokens(_ name: String, vocabularySize: Int, limit: Int) throws(Refusal) -> [Token] {
    guard let values = try array(name) else { return [] }
    guard values.count <= limit else { throw mismatch(name, "an array of at most \(limit) token ids") }
    guard let tokens = Self.tokens(values, vocabularySize: vocabularySize) else {
      throw mismatch(name, "an array of token ids from 0 to \(vocabularySize - 1)")
    }
    return tokens
  }

  /// The tokens that `values` are; nil where one is no token of the vocabulary.
  static func tokens(_ values: [JSONValue], vocabularySize: Int) -> [Token]? {
    var tokens: [Token] = []
    tokens.reserveCapacity(values.count)
    for value in values {
      guard case .int(let id) = value, id >= 0, id < vocabularySize, let token = Token(exactly: id) else { return nil }
      tokens.append(token)
    }
    return tokens
  }
}
