internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /completion` and `/completions` of llama.cpp.
struct LlamaCompletionEndpoint: GenerationEndpoint {
  var dialect: any Dialect { LlamaDialect() }
  var promptField: String { "prompt" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let request = try LlamaRequest(fields, setting)
    let (prompts, isList) = try Self.prompts(fields, setting)
    return try request.job(prompts, isList: isList, setting)
  }

  /// The prompts, and whether they came as a list.
  private static func prompts(_ fields: RequestFields, _ setting: JobSetting) throws -> ([[Token]], isList: Bool) {
    let size = setting.model.information.vocabularySize
    func mixed(_ value: JSONValue?) -> MixedPrompt? {
      if case .object(let object)? = value { return RequestFields.mixedPrompt(object["prompt_string"], size) }
      return RequestFields.mixedPrompt(value, size)
    }
    var parts: [MixedPrompt?] = [mixed(fields["prompt"])]
    var isList = false
    if case .array(let values)? = fields["prompt"],
      !values.contains(where: { if case .int = $0 { true } else { false } })
    {
      (parts, isList) = (values.map(mixed), true)
    }
    guard (1...setting.limits.totalChoices).contains(parts.count) else {
      throw fields.mismatch("prompt", "at most \(setting.limits.totalChoices) prompts, and not empty")
    }
    let prompts = try parts.map { prompt in
      guard let prompt, !prompt.parts.isEmpty else {
        throw fields.mismatch(
          "prompt", "a text, an array of texts and token ids from 0 to \(size - 1), or an array of these, not empty")
      }
      return try prompt.tokens(setting.model, addSpecial: true, setting.shouldStop)
    }
    return (prompts, isList)
  }
}

/// What a request to one of llama.cpp's generating paths wants, beside its prompt.
struct LlamaRequest {
  /// Fields that change nothing of an answer here.
  private static let harmless = [
    "n_keep", "n_discard", "n_cache_reuse", "sse_ping_interval", "backend_sampling", "speculative.n_min",
    "speculative.n_max", "speculative.p_min", "reasoning_format", "oaicompat",
  ]
  private static let unsupported = ["image_data", "multimodal_data", "grammar_triggers"]

  var common: GenerationFields
  private let count: Int
  private let fields: RequestFields
  private let shown: LlamaEncoder.Shown

  init(_ fields: RequestFields, _ setting: JobSetting) throws {
    let (model, limits) = (setting.model, setting.limits)
    self.fields = fields
    var common = try GenerationFields(fields, model, limits: limits, least: 0, usual: nil, hasPairs: true)
    // Its penalties look at as many tokens, whichever of them are there.
    if fields["repeat_last_n"] == nil {
      common.options.sampling?.penaltyLastN = model.information.sampling.penaltyLastN
    }
    let top = try fields.only(["n_probs", "logprobs"]) { name throws(Refusal) in
      try fields.int(name, in: 0...limits.topLogProbabilities)
    }
    common.options.topLogProbabilities = top.flatMap { $0 > 0 ? $0 : nil }
    self.common = common
    count = try fields.int("n_cmpl", in: 1...limits.choices) ?? common.choices
    shown = LlamaEncoder.Shown(
      tokens: try fields.bool("return_tokens") ?? false, progress: try fields.bool("return_progress") ?? false,
      members: try fields.texts("response_fields", limits: limits))
    fields.accept(Self.harmless)
    for name in Self.unsupported where fields[name] != nil { throw Refusal.unsupported(name, name) }
    for name in ["post_sampling_probs", "grammar_lazy"] where try fields.bool(name) ?? false {
      throw Refusal.unsupported(name, name)
    }
    for name in ["t_max_predict_ms", "n_indent"] where try fields.int(name, in: -1...Int(Int32.max)) ?? 0 > 0 {
      throw Refusal.unsupported(name, name)
    }
  }

  /// The completions of these prompts, and who writes them.
  func job(_ prompts: [[Token]], isList: Bool, _ setting: JobSetting) throws -> GenerationJob {
    let model = setting.model
    guard prompts.count * count <= setting.limits.totalChoices else {
      throw Refusal.invalid("prompt", "prompts times n_cmpl must be at most \(setting.limits.totalChoices)")
    }
    let plan = common.plan(setting, prompts, count: count)
    try plan.checkRoom()
    let encoder = LlamaEncoder(
      model: model, name: setting.name, shown: shown,
      settings: LlamaSettings.json(plan.options, isStreamed: setting.isStreamed),
      prompts: prompts.map { LlamaEncoder.Prompt(text: model.detokenize($0, renderSpecial: true), count: $0.count) },
      count: count, isList: isList || count > 1)
    return GenerationJob(plan: plan, encoder: encoder)
  }
}
