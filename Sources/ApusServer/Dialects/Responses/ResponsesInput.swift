internal import Apus
internal import ApusJSON

extension RequestFields {
  /// The conversation of a request to `/v1/responses`: the instructions as its first message, then items that were kept,
  /// then its own.
  func input(after kept: [JSONValue], _ limits: RequestLimits) throws(Refusal) -> [ChatMessage] {
    var conversation = Conversation()
    if let instructions = try string("instructions"), !instructions.isEmpty { conversation.add(.system(instructions)) }
    let earlier = RequestFields(JSONObject([("input", .array(kept))]))
    _ = try earlier.objects("input") { item throws(Refusal) in conversation.add(try item.item()) }
    let most = max(1, limits.messages - kept.count)
    switch self["input"] {
    case .string(let text)?: conversation.add(.user(text))
    case .array(let items)? where (1...most).contains(items.count):
      _ = try objects("input") { item throws(Refusal) in conversation.add(try item.item()) }
    default: throw mismatch("input", "a text or an array of 1 to \(most) items")
    }
    return conversation.messages
  }

  /// What an item says, as a message by itself.
  private func item() throws(Refusal) -> ChatMessage {
    accept(["id", "status", "phase", "namespace", "caller", "internal_chat_message_metadata_passthrough"])
    switch try string("type") ?? "message" {
    case "message":
      let role = try role()
      guard let content = try lines("content", { part throws(Refusal) in try part.partText() }) else {
        throw mismatch("content", "a text or an array of parts")
      }
      return ChatMessage(role: role, content: content)
    case "reasoning": return ChatMessage(role: .assistant, content: "", reasoning: try reasoning())
    case "function_call": return try called(with: try text("arguments"))
    case "custom_tool_call": return try called(with: ResponseTools.arguments(ofInput: try text("input")))
    case "function_call_output", "custom_tool_call_output":
      guard let output = try lines("output", { part throws(Refusal) in try part.partText() }) else {
        throw mismatch("output", "a text or an array of parts")
      }
      return ChatMessage(role: .tool, content: output, toolCallID: try text("call_id"), toolName: try string("name"))
    case "item_reference": throw .unsupported(parameter("type"), "an item that was stored")
    default: throw mismatch("type", "that of an item which this server knows")
    }
  }

  private func role() throws(Refusal) -> ChatMessage.Role {
    switch try string("role") {
    case "user": .user
    case "assistant": .assistant
    case "system", "developer": .system
    default: throw mismatch("role", "\"user\", \"assistant\", \"system\" or \"developer\"")
    }
  }

  private func called(with arguments: String) throws(Refusal) -> ChatMessage {
    let call = ToolCall(id: try text("call_id"), name: try text("name"), arguments: arguments)
    return ChatMessage(role: .assistant, content: "", toolCalls: [call])
  }

  /// What was thought, or where that was not told, what was told of it.
  private func reasoning() throws(Refusal) -> String {
    accept(["encrypted_content"])
    let summary = try lines("summary") { part throws(Refusal) in try part.partText() } ?? ""
    let content = try lines("content") { part throws(Refusal) in try part.partText() } ?? ""
    return content.isEmpty ? summary : content
  }

  private func partText() throws(Refusal) -> String {
    accept(["annotations", "logprobs", "prompt_cache_breakpoint"])
    switch try string("type") {
    case "input_text", "output_text", "text", "summary_text", "reasoning_text": return try text("text")
    case "refusal": return try text("refusal")
    case "input_image", "input_file", "input_audio", "image_url":
      throw .invalid(parameter("type"), "this model reads text only", kind: .unsupportedContent)
    default: throw mismatch("type", "\"input_text\" or \"output_text\"")
    }
  }
}
