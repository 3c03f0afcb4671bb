internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /api/chat`.
struct OllamaChatEndpoint: GenerationEndpoint, OllamaEndpoint {
  let service: ModelService
  let key: APIKey?
  /// When the request came.
  let began = ContinuousClock.now
  var promptField: String { "messages" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    try target(fields, isEmpty: try fields.array("messages") ?? [] == [], .chat)
  }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let clock = OllamaClock(began: began, moment: setting.moment)
    let common = try OllamaFields(fields, setting, refusing: ["suffix"])
    let messages = try fields.ollamaMessages(setting.limits)
    let tools = try ToolFields(fields, setting.limits)
    let input = ChatInput(messages: messages, tools: tools.use, options: common.options, form: common.form)
    let plan =
      messages.isEmpty
      ? GenerationPlan(setting, prompts: [], count: 1, options: common.options)
      : try input.plan(setting)
    common.keepAlive.apply(to: setting.lease, by: key)
    let encoder = OllamaEncoder(
      OllamaAnswer(.chat, name: setting.name, clock), setting.model, hasLogProbabilities: common.hasLogProbabilities)
    return GenerationJob(plan: plan, encoder: encoder)
  }
}

extension RequestFields {
  /// The messages of a conversation; none where there are none, which only loads the model.
  func ollamaMessages(_ limits: RequestLimits) throws(Refusal) -> [ChatMessage] {
    guard try array("messages")?.count ?? 0 <= limits.messages else {
      throw mismatch("messages", "an array of at most \(limits.messages) messages")
    }
    return try objects("messages") { message throws(Refusal) in try message.ollamaMessage() }
  }

  private func ollamaMessage() throws(Refusal) -> ChatMessage {
    let role: ChatMessage.Role
    switch try string("role") {
    case "system": role = .system
    case "user": role = .user
    case "assistant": role = .assistant
    case "tool": role = .tool
    default: throw mismatch("role", "one of system, user, assistant or tool")
    }
    try refuseImages()
    // The client leaves out what is empty.
    var message = ChatMessage(role: role, content: try string("content") ?? "")
    if role == .assistant {
      message.toolCalls = try toolCalls()
      message.reasoning = try string("thinking").flatMap { $0.isEmpty ? nil : $0 }
    }
    if role == .tool {
      message.toolCallID = try string("tool_call_id")
      message.toolName = try string("tool_name")
    }
    return message
  }
}
