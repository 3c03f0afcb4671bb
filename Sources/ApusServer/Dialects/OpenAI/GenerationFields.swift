internal import Apus
internal import ApusJSON

/// What both of OpenAI's generating paths take, beside the prompt.
struct GenerationFields {
  /// The model's name as the client gave it.
  let model: String?
  /// Choices per prompt.
  let choices: Int
  let isStreamed: Bool
  /// Whether a stream ends with the usage.
  let includesUsage: Bool
  /// What each choice is like; log probabilities are the paths' own.
  var options: GenerationOptions

  /// Reads the fields; a path allows `least` tokens of a completion and more, and `usual` where none are asked for.
  init(
    _ fields: RequestFields, _ model: ModelInformation, limits: RequestLimits, least: Int, usual: Int?
  ) throws(Refusal) {
    let vocabularySize = model.vocabularySize
    self.model = try fields.string("model", upTo: limits.modelNameByteCount)
    choices = try fields.int("n", in: 1...limits.choices) ?? 1
    let bestOf = try fields.int("best_of", in: 1...Int(Int32.max))
    guard bestOf == nil || bestOf == choices else { throw .unsupported("best_of", "a best_of other than n") }
    isStreamed = try fields.bool("stream") ?? false
    let streamOptions = try fields.object("stream_options")
    guard isStreamed || streamOptions == nil else {
      throw .invalid("stream_options", "Stream options can only be defined when `stream=True`.")
    }
    includesUsage = try streamOptions?.bool("include_usage") ?? false
    streamOptions?.accept(KnownFields.harmlessInStreamOptions)
    options = GenerationOptions(
      maxTokens: try Self.maxTokens(fields, least: least, usual: usual),
      sampling: try fields.sampling(
        usual: model.sampling, vocabularySize: vocabularySize, limits: limits),
      seed: try fields.only(KnownFields.seeds, fields.seed),
      stop: try fields.only(KnownFields.stops) { name throws(Refusal) in
        fields[name] == nil ? nil : try fields.texts(name, limits: limits)
      } ?? [],
      stopTokens: try fields.tokens("stop_token_ids", vocabularySize: vocabularySize, limit: limits.logitBiases),
      ignoreEOS: try fields.bool("ignore_eos") ?? false,
      reusesPrefix: try fields.bool("cache_prompt") ?? true,
      adapters: try fields.adapters(model: self.model, among: model.adapters), constraint: try fields.constraint())
    fields.accept(KnownFields.harmless)
    try Self.refuseUnsupported(fields)
  }

  /// The most tokens of a completion, whatever it is called; nil goes on to the end of the context.
  private static func maxTokens(_ fields: RequestFields, least: Int, usual: Int?) throws(Refusal) -> Int? {
    let open = KnownFields.openCompletionLimits
    let limit = try fields.only(KnownFields.completionLimits + open) { name throws(Refusal) in
      if open.contains(name), let limit = try fields.int(name, in: -2...Int.max), limit < 0 { return Int.max }
      return try fields.int(name, in: least...Int.max)
    }
    guard let limit else { return usual }
    return limit == .max ? nil : limit
  }

  /// Refuses what would change the answer if it were ignored.
  private static func refuseUnsupported(_ fields: RequestFields) throws(Refusal) {
    for name in KnownFields.unsupported where fields[name] != nil { throw .unsupported(name, name) }
    if let words = fields["bad_words"], words != [] { throw .unsupported("bad_words", "bad_words") }
    if try fields.bool("use_beam_search") ?? false { throw .unsupported("use_beam_search", "beam search") }
    if try fields.int("min_tokens", in: 0...Int(Int32.max)) ?? 0 > 0 { throw .unsupported("min_tokens", "min_tokens") }
  }
}
