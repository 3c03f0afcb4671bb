internal import Apus
internal import Hummingbird

/// `POST /v1/chat/completions`.
struct ChatEndpoint: GenerationEndpoint {
  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "messages" }
  var nestedFields: [String] { KnownFields.nested }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    var target = try fields.target()
    target.recall = try KeptChat.recall(request)
    return target
  }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let kept = try KeptChat(fields, setting)
    let chat = try ChatRequest(
      fields, model: setting.model, limits: setting.limits, after: kept?.earlier ?? [])
    guard kept == nil || chat.fields.choices == 1 else {
      throw Refusal.invalid("n", "n must be 1 with X-Session: a chat goes on from one answer")
    }
    var (plan, encoder) = (try chat.input.plan(setting), Self.encoder(chat, setting))
    encoder.kept = kept
    encoder.promptTokens = plan.prompts[0]
    if let top = chat.fields.promptLogProbabilities {
      let prompt = plan.prompts[0]
      guard prompt.count * plan.count * (1 + top) <= setting.limits.scores else {
        throw Refusal.invalid(
          "prompt_logprobs", "prompt_logprobs of a prompt that long: ask for fewer, or leave it out")
      }
      plan.scoresPrompts = true
      encoder.prompt = PromptLogProbabilities(model: setting.model, prompt: prompt, top: top)
    }
    return GenerationJob(plan: plan, encoder: encoder)
  }

  /// Who writes the answer to a chat.
  static func encoder(_ chat: ChatRequest, _ setting: JobSetting) -> ChatEncoder {
    let envelope = OpenAIEnvelope(
      setting, id: "chatcmpl-", whole: "chat.completion", frame: "chat.completion.chunk",
      includesUsage: chat.fields.includesUsage)
    return ChatEncoder(
      envelope: envelope, model: setting.model, logProbabilities: chat.logProbabilities,
      isLegacy: chat.tools.isLegacy, naming: chat.naming)
  }
}
