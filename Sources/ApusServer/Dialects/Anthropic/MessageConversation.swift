internal import Apus
internal import ApusJSON

extension RequestFields {
  /// The conversation, with the system prompt as its first message, in Anthropic's messages and their blocks.
  func messages(_ limits: RequestLimits) throws(Refusal) -> [ChatMessage] {
    guard let values = try array("messages") else { throw .invalid("messages", "Field required") }
    guard (1...limits.messages).contains(values.count) else {
      throw mismatch("messages", "an array of 1 to \(limits.messages) messages")
    }
    var conversation = Conversation()
    if let system = try system(), !system.isEmpty { conversation.add(.system(system)) }
    _ = try objects("messages") { message throws(Refusal) in
      for part in try message.parts() { conversation.add(part) }
    }
    if let last = conversation.messages.last, last.role == .assistant, !last.toolCalls.isEmpty || last.content.isEmpty {
      throw .invalid("messages", "the last message must be the user's, or the text with which the answer begins")
    }
    return conversation.messages
  }

  /// The system prompt: a text, or blocks of text, which become lines.
  private func system() throws(Refusal) -> String? {
    if case .string(let text)? = self["system"] { return Self.withoutBillingHeader(text) }
    return try lines("system") { block throws(Refusal) in Self.withoutBillingHeader(try block.blockText()) }
  }

  /// A text of the system prompt without the line that Claude Code begins it with; nil where nothing else is in it.
  ///
  /// The line differs from request to request and would keep the whole prompt from being found among earlier ones.
  private static func withoutBillingHeader(_ text: String) -> String? {
    guard text.utf8.starts(with: "x-anthropic-billing-header:".utf8) else { return text }
    let end = text.utf8.firstIndex(of: UInt8(ascii: "\n"))
    let rest = end.map { text[$0...].drop { $0.isNewline } } ?? ""
    return rest.isEmpty ? nil : String(rest)
  }

  // MARK: Messages

  /// What a message says, block by block.
  private func parts() throws(Refusal) -> [ChatMessage] {
    let role: ChatMessage.Role
    switch try string("role") {
    case "user": role = .user
    case "assistant": role = .assistant
    case "system": role = .system
    default: throw mismatch("role", "\"user\", \"assistant\" or \"system\"")
    }
    accept(["id"])
    if case .string(let text)? = self["content"] { return [ChatMessage(role: role, content: text)] }
    let parts = try objects("content") { block throws(Refusal) in try block.part(role) }
    if parts.isEmpty { throw mismatch("content", "a text or an array of at least one block") }
    return parts.compactMap(\.self)
  }

  /// What a block says, as a message by itself; nil for what has no text here.
  private func part(_ role: ChatMessage.Role) throws(Refusal) -> ChatMessage? {
    switch (try string("type"), role) {
    case ("text", _): return ChatMessage(role: role, content: try blockText())
    case ("thinking", .assistant):
      accept(["signature"])
      return ChatMessage(role: role, content: "", reasoning: try text("thinking"))
    case ("redacted_thinking", .assistant):
      accept(["data"])
      return nil
    case ("tool_use", .assistant): return ChatMessage(role: role, content: "", toolCalls: [try toolUse()])
    case ("tool_result", .user): return try toolResult()
    case ("image", _), ("document", _), ("search_result", _), ("container_upload", _): throw textOnly
    default: throw mismatch("type", "that of a block which this server knows in a message of this role")
    }
  }

  private func toolUse() throws(Refusal) -> ToolCall {
    accept(["cache_control", "caller", "toolset_name"])
    guard let input = try members("input") else { throw mismatch("input", "an object") }
    return ToolCall(id: try text("id"), name: try text("name"), arguments: input.text)
  }

  /// Whether the tool failed changes nothing: its text tells.
  private func toolResult() throws(Refusal) -> ChatMessage {
    accept(["cache_control", "toolset_name"])
    _ = try bool("is_error")
    let text = try lines("content") { part throws(Refusal) in try part.blockText() }
    return ChatMessage(role: .tool, content: text ?? "", toolCallID: try self.text("tool_use_id"))
  }

  /// The text of a block that must be of type `text`.
  private func blockText() throws(Refusal) -> String {
    guard try string("type") == "text" else { throw textOnly }
    accept(["cache_control", "citations"])
    return try text("text")
  }

  private var textOnly: Refusal {
    .invalid(parameter("type"), "this model reads text only", kind: .unsupportedContent)
  }
}
