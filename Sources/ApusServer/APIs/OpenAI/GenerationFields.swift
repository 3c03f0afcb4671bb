internal import Apus
internal import ApusTokenizers

/// What both of OpenAI's generating paths take, beside the prompt.
struct GenerationFields {
  /// The model's name as the client gave it.
  let model: String?
  /// Choices per prompt.
  let choices: Int
  let isStreamed: Bool
  /// Whether a stream ends with the usage.
  let includesUsage: Bool
  /// What each choice is like; `maxTokens` and log probabilities are the paths' own.
  var options: GenerationOptions

  init(_ fields: RequestFields, vocabularySize: Int, limits: RequestLimits) throws(APIError) {
    model = try fields.string("model", upTo: limits.modelNameByteCount)
    choices = try fields.int("n", in: 1...limits.choices) ?? 1
    let bestOf = try fields.int("best_of", in: 1...Int(Int32.max))
    guard bestOf == nil || bestOf == choices else { throw .unsupported("best_of", "a best_of other than n") }
    isStreamed = try fields.bool("stream") ?? false
    let streamOptions = try fields.object("stream_options")
    guard isStreamed || streamOptions == nil else {
      throw .invalid("stream_options", "Stream options can only be defined when `stream=True`.")
    }
    includesUsage = try streamOptions?.bool("include_usage") ?? false
    options = GenerationOptions(
      sampling: try fields.sampling(vocabularySize: vocabularySize, limits: limits),
      seed: try fields.int("seed", in: .min ... .max).map { UInt64(bitPattern: Int64($0)) },
      stop: try fields.texts("stop", limits: limits),
      stopTokens: try fields.tokens("stop_token_ids", vocabularySize: vocabularySize, limit: limits.logitBiases),
      ignoreEOS: try fields.bool("ignore_eos") ?? false,
      reusesPrefix: try fields.bool("cache_prompt") ?? true)
    try Self.refuseUnsupported(fields)
  }

  /// Refuses what would change the answer if it were ignored.
  private static func refuseUnsupported(_ fields: RequestFields) throws(APIError) {
    for name in [
      "grammar", "json_schema", "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs",
      "allowed_token_ids", "prompt_logprobs", "truncate_prompt_tokens", "chat_template", "chat_template_kwargs",
    ] where fields[name] != nil {
      throw .unsupported(name, name)
    }
    if let words = fields["bad_words"], words != [] { throw .unsupported("bad_words", "bad_words") }
    if try fields.bool("use_beam_search") ?? false { throw .unsupported("use_beam_search", "beam search") }
    if try fields.int("min_tokens", in: 0...Int(Int32.max)) ?? 0 > 0 { throw .unsupported("min_tokens", "min_tokens") }
    try checkResponseFormat(fields)
  }

  private static func checkResponseFormat(_ fields: RequestFields) throws(APIError) {
    guard let format = try fields.object("response_format") else { return }
    switch try format.string("type") {
    case "text": break
    case "json_object", "json_schema": throw .unsupported("response_format", "a response_format other than text")
    default: throw format.mismatch("type", "\"text\", \"json_object\" or \"json_schema\"")
    }
  }
}
