internal import Apus
internal import Hummingbird

/// `POST /v1/completions`.
struct CompletionEndpoint: GenerationEndpoint {
  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "prompt" }
  var nestedFields: [String] { KnownFields.nested }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let model = setting.model
    let completion = try CompletionRequest(fields, model: model, limits: setting.limits)
    let prompts = try completion.prompts(model, setting.shouldStop)
    let (common, hasLogProbabilities) = (completion.fields, completion.fields.options.topLogProbabilities != nil)
    var plan = GenerationPlan(
      lease: setting.lease, prompts: prompts.map(\.tokens), count: common.choices, options: common.options)
    plan.scoresPrompts = completion.scoresPrompts
    let choices = (0..<plan.choiceCount).map { choice -> CompletionEncoder.Choice in
      let prompt = prompts[choice / common.choices]
      guard hasLogProbabilities else { return .init(echo: completion.isEchoed ? prompt.text : "") }
      guard completion.scoresPrompts else {
        return .init(logProbabilities: LegacyLogProbabilities(model, promptText: prompt.text))
      }
      let echo = ScoredEcho(prompt.tokens, added: prompt.added)
      return .init(
        echo: prompt.text, logProbabilities: echo.logProbabilities(model, prompt.text), scoredEcho: echo)
    }
    let envelope = OpenAIEnvelope(
      setting, id: "cmpl-", whole: "text_completion", frame: "text_completion", includesUsage: common.includesUsage)
    return GenerationJob(plan: plan, encoder: CompletionEncoder(envelope: envelope, choices: choices))
  }
}

extension RequestFields {
  /// Whom a request asks that names its model and says whether it is streamed as OpenAI's clients do.
  func target() throws(Refusal) -> RequestTarget {
    RequestTarget(model: try string("model"), isStreamed: try bool("stream") ?? false)
  }
}
