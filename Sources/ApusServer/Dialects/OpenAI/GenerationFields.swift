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
  /// Which tokens a completion may have.
  let rules: TokenRules
  /// The most likely tokens that are told beside each of the prompt's; nil where nothing is told of these.
  let promptLogProbabilities: Int?
  /// How much of a prompt is kept; nil keeps all.
  let cut: PromptCut?
  /// Whether the text that ends a completion is told as its end.
  let tellsStop: Bool
  /// What each choice is like; log probabilities are the paths' own.
  var options: GenerationOptions
  /// The field that has the options' constraint.
  let constraintField: String?

  /// Reads the fields; a path allows `least` tokens of a completion and more, and `usual` where none are asked for.
  ///
  /// With `hasPairs`, `logit_bias` may be a list of pairs, as in llama.cpp.
  init(
    _ fields: RequestFields, _ model: Model, limits: RequestLimits, least: Int, usual: Int?, hasPairs: Bool = false
  ) throws(Refusal) {
    let information = model.information
    let vocabularySize = information.vocabularySize
    self.model = try fields.string("model", upTo: limits.modelNameByteCount)
    choices = try fields.int("n", in: 1...limits.choices) ?? 1
    isStreamed = try fields.bool("stream") ?? false
    let streamOptions = try fields.object("stream_options")
    guard isStreamed || streamOptions == nil else {
      throw .invalid("stream_options", "Stream options can only be defined when `stream=True`.")
    }
    includesUsage = try streamOptions?.bool("include_usage") ?? false
    streamOptions?.accept(KnownFields.harmlessInStreamOptions)
    let maxTokens = try Self.maxTokens(fields, least: least, usual: usual)
    let words: ((String) -> [Token])? = hasPairs ? { model.tokenize($0, addSpecial: false) } : nil
    let constraint = try fields.constraint()
    constraintField = constraint?.name
    options = GenerationOptions(
      maxTokens: maxTokens,
      sampling: try fields.sampling(
        usual: information.sampling, vocabularySize: vocabularySize, limits: limits, words: words),
      seed: try fields.only(KnownFields.seeds, fields.seed),
      stop: try fields.only(KnownFields.stops) { name throws(Refusal) in
        fields[name] == nil ? nil : try fields.texts(name, limits: limits)
      } ?? [],
      stopTokens: try fields.tokens("stop_token_ids", vocabularySize: vocabularySize, limit: limits.logitBiases),
      ignoreEOS: try fields.bool("ignore_eos") ?? false,
      reusesPrefix: try fields.bool("cache_prompt") ?? true,
      cacheSalt: try fields.cacheSalt(limits),
      adapters: try fields.adapters(model: self.model, among: information.adapters),
      constraint: constraint?.constraint)
    rules = try fields.tokenRules(model, limits, maxTokens: maxTokens)
    promptLogProbabilities = try fields.promptLogProbabilities(isStreamed: isStreamed, limits)
    cut = try fields.promptCut(model)
    tellsStop = try fields.bool("include_stop_str_in_output") ?? false
    // Marks of the vocabulary are not shown, so there is nothing between which spaces could stand.
    _ = try fields.bool("spaces_between_special_tokens")
    fields.accept(KnownFields.harmless)
    try fields.checkLabels()
    try Self.refuseUnsupported(fields)
  }

  /// The completions of these prompts: `count` of each, or as many as choices are wanted.
  func plan(_ setting: JobSetting, _ prompts: [[Token]], count: Int? = nil) -> GenerationPlan {
    var plan = GenerationPlan(setting, prompts: prompts, count: count ?? choices, options: options)
    plan.rules = rules
    plan.tellsStop = tellsStop
    plan.constraintField = constraintField
    return plan
  }

  /// A prompt without what is to be left out of it.
  func kept(_ prompt: [Token]) -> [Token] { cut?.kept(prompt) ?? prompt }

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
    if try fields.bool("use_beam_search") ?? false { throw .unsupported("use_beam_search", "beam search") }
  }
}
