internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /api/generate`: one question, or a raw prompt.
struct OllamaGenerateEndpoint: GenerationEndpoint, OllamaEndpoint {
  let service: ModelService
  let key: APIKey?
  /// When the request came.
  let began = ContinuousClock.now
  var promptField: String { "prompt" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    try target(fields, isEmpty: try fields.string("prompt") ?? "" == "", .generate)
  }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let clock = OllamaClock(began: began, moment: setting.moment)
    let question = try Question(fields, setting)
    let plan = try question.plan(setting)
    question.common.keepAlive.apply(to: setting.lease, by: key)
    let encoder = OllamaEncoder(
      OllamaAnswer(.generate, name: setting.name, clock), setting.model,
      hasLogProbabilities: question.common.hasLogProbabilities,
      context: question.isRaw ? nil : plan.prompts.first)
    return GenerationJob(plan: plan, encoder: encoder)
  }
}

/// What a request to `/api/generate` asks.
private struct Question {
  let common: OllamaFields
  private let prompt: String
  private let system: String
  /// What stands behind the text that is wanted; empty for nothing.
  private let suffix: String
  /// The tokens of what was said before.
  private let context: [Token]
  /// Whether the prompt is taken as it is.
  let isRaw: Bool

  init(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) {
    common = try OllamaFields(fields, setting)
    prompt = try fields.string("prompt") ?? ""
    system = try fields.string("system") ?? ""
    suffix = try fields.string("suffix") ?? ""
    isRaw = try fields.bool("raw") ?? false
    context = try fields.tokens(
      "context", vocabularySize: setting.model.information.vocabularySize,
      limit: setting.model.information.contextLength)
    guard !isRaw || system.isEmpty && context.isEmpty else {
      throw .invalid("raw", "raw mode does not support template, system, or context")
    }
    if !suffix.isEmpty, !system.isEmpty { throw .unsupported("system", "system beside suffix") }
    if !suffix.isEmpty, !context.isEmpty { throw .unsupported("context", "context beside suffix") }
  }

  /// The work that this is; none where nothing is asked, which only loads the model.
  func plan(_ setting: JobSetting) throws -> GenerationPlan {
    let (model, options) = (setting.model, common.options)
    guard !prompt.isEmpty else { return GenerationPlan(setting, prompts: [], count: 1, options: options) }
    if !suffix.isEmpty { return try infill(setting) }
    guard !isRaw, system != "" || model.information.chat != .noTemplate else {
      return try RawInput(text: prompt, options: options, before: context).plan(setting)
    }
    let messages = system.isEmpty ? [] : [ChatMessage.system(system)]
    var input = ChatInput(messages: messages + [.user(prompt)], options: options)
    (input.before, input.form) = (context, common.form)
    return try input.plan(setting)
  }

  /// What stands between the prompt and the suffix.
  private func infill(_ setting: JobSetting) throws -> GenerationPlan {
    guard common.options.constraint == nil else { throw Refusal.unsupported("suffix", "suffix beside format") }
    let gap = TextGap(before: prompt, behind: suffix)
    guard let (tokens, ends) = try setting.model.infill(gap, shouldStop: setting.shouldStop) else {
      throw Refusal.noInfill("suffix")
    }
    var plan = GenerationPlan(setting, prompts: [tokens], count: 1, options: common.options)
    plan.options.stopTokens += ends
    try plan.checkRoom()
    return plan
  }
}
