internal import Apus
internal import Hummingbird

/// `POST /v1/chat/completions`.
struct ChatEndpoint: GenerationEndpoint {
  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "messages" }
  var nestedFields: [String] { KnownFields.nested }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let chat = try ChatRequest(fields, model: setting.model, limits: setting.limits)
    let envelope = OpenAIEnvelope(
      setting, id: "chatcmpl-", whole: "chat.completion", frame: "chat.completion.chunk",
      includesUsage: chat.fields.includesUsage)
    let encoder = ChatEncoder(
      envelope: envelope, model: setting.model,
      hasLogProbabilities: chat.fields.options.topLogProbabilities != nil, isLegacy: chat.tools.isLegacy)
    return GenerationJob(plan: try chat.input.plan(setting), encoder: encoder)
  }
}
