internal import Apus
internal import ApusJSON

/// A request to `/v1/chat/completions`.
struct ChatRequest {
  let fields: GenerationFields
  let tools: ToolFields
  let input: ChatInput
  /// The most likely tokens that are told beside each; nil tells nothing.
  let logProbabilities: Int?

  /// Reads the fields; nothing is rendered yet.
  ///
  /// Its messages stand behind those of `earlier`, which were read before.
  init(
    _ fields: RequestFields, model: Model, limits: RequestLimits, after earlier: [JSONValue] = []
  ) throws(Refusal) {
    var common = try GenerationFields(fields, model, limits: limits, least: 1, usual: nil)
    let bestOf = try fields.int("best_of", in: 1...limits.choices)
    guard bestOf == nil || bestOf == common.choices else { throw .unsupported("best_of", "a best_of other than n") }
    logProbabilities = try Self.topLogProbabilities(fields, limits)
    common.options.topLogProbabilities = [logProbabilities, common.promptLogProbabilities].compactMap(\.self).max()
    tools = try ToolFields(fields, limits)
    try Self.checkModalities(fields)
    input = ChatInput(
      messages: try Self.messages(fields, after: earlier, limits), tools: tools.use, options: common.options,
      form: try fields.promptOptions(), count: common.choices, rules: common.rules,
      keptTokens: common.keptPromptTokens, constraintField: common.constraintField,
      prediction: try Self.prediction(fields))
    self.fields = common
  }

  /// Refuses answers in other forms than text.
  private static func checkModalities(_ fields: RequestFields) throws(Refusal) {
    guard let modalities = try fields.array("modalities"), modalities != ["text"], modalities != [] else { return }
    throw .unsupported("modalities", "an answer that is no text")
  }

  private static func topLogProbabilities(_ fields: RequestFields, _ limits: RequestLimits) throws(Refusal) -> Int? {
    let isWanted = try fields.bool("logprobs") ?? false
    let top = try fields.int("top_logprobs", in: 0...limits.topLogProbabilities)
    guard isWanted || top == nil else { throw .invalid("top_logprobs", "top_logprobs needs logprobs to be true") }
    return isWanted ? top ?? 0 : nil
  }

  /// The text that the client expects the answer to be like.
  private static func prediction(_ fields: RequestFields) throws(Refusal) -> String? {
    guard let prediction = try fields.object("prediction") else { return nil }
    guard try prediction.string("type") == "content" else { throw prediction.mismatch("type", "\"content\"") }
    guard let text = try content(prediction) else {
      throw prediction.mismatch("content", "a text or an array of text parts")
    }
    return text
  }

  // MARK: Messages

  /// The messages of a request behind earlier ones.
  private static func messages(
    _ fields: RequestFields, after earlier: [JSONValue], _ limits: RequestLimits
  ) throws(Refusal) -> [ChatMessage] {
    let messages = try messages(fields, limits)
    guard !earlier.isEmpty else { return messages }
    guard earlier.count + messages.count <= limits.messages else {
      throw .invalid("messages", "this chat has more than \(limits.messages) messages: begin a new one")
    }
    let isRepeated = KeptChat.repeatsSystem(try fields.array("messages") ?? [], after: earlier)
    let kept = try Self.messages(RequestFields(JSONObject([("messages", .array(earlier))])), limits)
    return kept + (isRepeated ? messages.dropFirst() : messages[...])
  }

  /// The messages of a request, at least one.
  static func messages(_ fields: RequestFields, _ limits: RequestLimits) throws(Refusal) -> [ChatMessage] {
    guard let values = try fields.array("messages"), !values.isEmpty else {
      throw fields.mismatch("messages", "an array of at least one message")
    }
    guard values.count <= limits.messages else {
      throw fields.mismatch("messages", "an array of at most \(limits.messages) messages")
    }
    var messages: [ChatMessage] = []
    for (index, value) in values.enumerated() {
      guard case .object(let object) = value else {
        throw .invalid("messages[\(index)]", "messages[\(index)] must be an object with role and content")
      }
      messages.append(try message(fields.nested(object, "messages[\(index)]")))
    }
    return messages
  }

  private static func message(_ fields: RequestFields) throws(Refusal) -> ChatMessage {
    let role: ChatMessage.Role
    switch try fields.string("role") {
    case "system", "developer": role = .system
    case "user": role = .user
    case "assistant": role = .assistant
    case "tool", "function": role = .tool
    default: throw fields.mismatch("role", "\"system\", \"developer\", \"user\", \"assistant\" or \"tool\"")
    }
    fields.accept(KnownFields.harmlessInMessage)
    let content = try content(fields)
    guard content != nil || role == .assistant else {
      throw fields.mismatch("content", "a text or an array of text parts")
    }
    var message = ChatMessage(role: role, content: content ?? "")
    if role == .assistant {
      message.toolCalls = try fields.toolCalls()
      message.reasoning = try fields.only(["reasoning_content", "reasoning"]) { name throws(Refusal) in
        try fields.string(name)
      }
    }
    if role == .tool {
      message.toolCallID = try fields.string("tool_call_id")
      message.toolName = try fields.string("name")
    }
    return message
  }

  /// The text of a message or prediction; parts of it become lines, as in vLLM and llama.cpp.
  private static func content(_ fields: RequestFields) throws(Refusal) -> String? {
    switch fields["content"] {
    case nil: return nil
    case .string(let text)?: return text
    case .array(let values)?:
      var lines: [String] = []
      for (index, value) in values.enumerated() {
        let name = "content[\(index)]"
        guard case .object(let object) = value else { throw fields.mismatch(name, "an object with type and text") }
        lines.append(try text(of: fields.nested(object, name)))
      }
      return lines.joined(separator: "\n")
    default: throw fields.mismatch("content", "a text or an array of text parts")
    }
  }

  private static func text(of part: RequestFields) throws(Refusal) -> String {
    switch try part.string("type") {
    case "text", "input_text": break
    case "image_url", "input_image", "input_audio", "video_url", "audio_url", "file":
      throw .invalid(part.parameter("type"), "this model reads text only", kind: .unsupportedContent)
    default: throw part.mismatch("type", "\"text\"")
    }
    part.accept(KnownFields.harmlessInPart)
    guard let text = try part.string("text") else { throw part.mismatch("text", "a text") }
    return text
  }
}
