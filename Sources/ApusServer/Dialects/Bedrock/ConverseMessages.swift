internal import Apus
internal import ApusJSON

extension RequestFields {
  /// `system` and `messages` of Converse; results of tools become messages of their own.
  func converseMessages(_ limits: RequestLimits) throws(Refusal) -> [ChatMessage] {
    var conversation: [ChatMessage] = []
    let system = try list("system", upTo: limits.messages).compactMapTexts()
    if !system.isEmpty { conversation.append(.system(system.joined(separator: "\n"))) }
    let messages = try list("messages", upTo: limits.messages)
    guard !messages.isEmpty else { throw mismatch("messages", "an array of at least one message") }
    var toolNames: [String: String] = [:]
    for message in messages {
      let role = try message.string("role")
      guard role == "user" || role == "assistant" else {
        throw message.mismatch("role", "\"user\" or \"assistant\"")
      }
      let blocks = try message.list("content", upTo: limits.messages)
      guard !blocks.isEmpty else { throw message.mismatch("content", "an array of at least one block") }
      if role == "user" {
        conversation += try Self.user(blocks, toolNames)
        continue
      }
      let answer = try Self.assistant(blocks)
      for call in answer.toolCalls { toolNames[call.id] = call.name }
      conversation.append(answer)
    }
    return conversation
  }

  private static func user(
    _ blocks: [RequestFields], _ toolNames: [String: String]
  ) throws(Refusal) -> [ChatMessage] {
    var messages: [ChatMessage] = []
    var texts: [String] = []
    for block in blocks {
      if let result = try block.object("toolResult") {
        messages.append(try result.toolResult(toolNames))
      } else if let text = try block.converseText() {
        texts.append(text)
      }
    }
    if !texts.isEmpty || messages.isEmpty { messages.append(.user(texts.joined(separator: "\n"))) }
    return messages
  }

  private static func assistant(_ blocks: [RequestFields]) throws(Refusal) -> ChatMessage {
    var message = ChatMessage.assistant("")
    var texts: [String] = []
    for block in blocks {
      if let call = try block.object("toolUse") {
        call.accept(["type"])
        guard let input = try call.members("input") else { throw call.mismatch("input", "an object") }
        message.toolCalls.append(
          ToolCall(
            id: try call.text("toolUseId"), name: try call.text("name"),
            arguments: String(decoding: JSONValue.object(input).serialized(.compact), as: UTF8.self)))
      } else if let reasoning = try block.object("reasoningContent") {
        reasoning.accept(["redactedContent"])
        guard let thought = try reasoning.object("reasoningText") else { continue }
        thought.accept(["signature"])
        message.reasoning = (message.reasoning ?? "") + (try thought.text("text"))
      } else if let text = try block.converseText() {
        texts.append(text)
      }
    }
    message.content = texts.joined(separator: "\n")
    return message
  }

  private func toolResult(_ toolNames: [String: String]) throws(Refusal) -> ChatMessage {
    accept(["status", "type"])
    let id = try text("toolUseId")
    var lines: [String] = []
    for block in try list("content", upTo: .max) {
      if let json = block["json"] {
        lines.append(String(decoding: json.serialized(), as: UTF8.self))
      } else if let text = try block.converseText() {
        lines.append(text)
      }
    }
    return ChatMessage(
      role: .tool, content: lines.joined(separator: "\n"), toolCallID: id, toolName: toolNames[id])
  }

  /// The text of a block; nil for one that has none and changes nothing.
  fileprivate func converseText() throws(Refusal) -> String? {
    if let text = try string("text") { return text }
    if self["cachePoint"] != nil { return nil }
    let known = ["image", "document", "video", "audio", "guardContent", "searchResult", "citationsContent"]
    if let name = known.first(where: { self[$0] != nil }) {
      throw .invalid(parameter(name), "this model reads text only", kind: .unsupportedContent)
    }
    throw mismatch("text", "a text")
  }
}

extension [RequestFields] {
  /// The texts of these blocks.
  fileprivate func compactMapTexts() throws(Refusal) -> [String] {
    var texts: [String] = []
    for block in self { if let text = try block.converseText() { texts.append(text) } }
    return texts
  }
}
