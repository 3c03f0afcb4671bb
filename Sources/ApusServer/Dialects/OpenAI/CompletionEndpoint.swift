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
    let completion = try CompletionRequest(fields, setting)
    let (prompts, ends) = try completion.prompts(model, setting.shouldStop)
    var common = completion.fields
    common.options.stopTokens += ends
    var plan = common.plan(setting, prompts.map(\.tokens), count: completion.attempts)
    plan.scoresPrompts = completion.scoresPrompts
    let choices = (0..<plan.choiceCount).map { choice in
      self.choice(of: prompts[choice / completion.attempts], completion, model)
    }
    let envelope = OpenAIEnvelope(
      setting, id: "cmpl-", whole: "text_completion", frame: "text_completion", includesUsage: common.includesUsage)
    let encoder = CompletionEncoder(
      envelope: envelope, choices: choices, attempts: completion.attempts, told: common.choices,
      naming: completion.naming)
    return GenerationJob(plan: plan, encoder: encoder)
  }

  private func choice(
    of prompt: CompletionRequest.Prompt, _ completion: CompletionRequest, _ model: Model
  ) -> CompletionEncoder.Choice {
    var choice = CompletionEncoder.Choice(echo: completion.isEchoed ? prompt.text : "")
    choice.promptTokens = prompt.tokens
    choice.prompt = completion.fields.promptLogProbabilities.map {
      PromptLogProbabilities(model: model, prompt: prompt.tokens, top: $0)
    }
    guard let top = completion.logProbabilities else { return choice }
    if completion.scoresEcho {
      let echo = ScoredEcho(prompt.tokens, added: prompt.added)
      (choice.scoredEcho, choice.logProbabilities) = (echo, echo.logProbabilities(model, prompt.text, top: top))
    } else {
      choice.echo = ""
      choice.logProbabilities = LegacyLogProbabilities(model, promptText: prompt.text, top: top)
    }
    choice.logProbabilities?.naming = completion.naming
    return choice
  }
}

extension RequestFields {
  /// Whom a request asks that names its model and says whether it is streamed as OpenAI's clients do.
  func target() throws(Refusal) -> RequestTarget {
    RequestTarget(model: try string("model"), isStreamed: try bool("stream") ?? false)
  }
}
