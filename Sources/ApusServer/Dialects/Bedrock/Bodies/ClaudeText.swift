internal import Apus
internal import ApusJSON

extension InvokeBody {
  /// Claude's first models: a prompt in which `Human:` and `Assistant:` take turns.
  ///
  /// Where the prompt is such a conversation it becomes a chat, as the models here know turns by marks of their own.
  static func claudeText(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    fields.accept(["anthropic_version"])
    let names = BodyNames(maxTokens: ["max_tokens_to_sample"], usualMaxTokens: 200, stop: ["stop_sequences"])
    var options = try fields.options(names, setting)
    let prompt = try fields.text("prompt")
    guard setting.model.information.supportsChat, let messages = humanTurns(prompt) else {
      return InvokeBody(RawInput(text: prompt, options: options), ClaudeTextFormat())
    }
    // What ends a turn here is the model's own mark.
    options.stop.removeAll { $0 == "\n\nHuman:" }
    return InvokeBody(ChatInput(messages: messages, options: options), ClaudeTextFormat())
  }

  /// The messages of a prompt that ends where the assistant is to speak; nil for any other text.
  static func humanTurns(_ prompt: String) -> [ChatMessage]? {
    let (human, assistant) = ("\n\nHuman:", "\n\nAssistant:")
    // The first mark often comes without the lines before it.
    var text = prompt.hasPrefix("Human:") ? "\n\n" + prompt : prompt
    guard let last = text.ranges(of: assistant).last, text[last.upperBound...].allSatisfy(\.isWhitespace) else {
      return nil
    }
    text = String(text[..<last.lowerBound])
    let parts = text.split(separator: human, omittingEmptySubsequences: false)
    guard parts.count > 1 else { return nil }
    let system = trimmed(parts[0])
    var messages: [ChatMessage] = system.isEmpty ? [] : [.system(system)]
    for part in parts.dropFirst() {
      let sides = part.split(separator: assistant, maxSplits: 1, omittingEmptySubsequences: false)
      messages.append(.user(trimmed(sides[0])))
      if sides.count > 1 { messages.append(.assistant(trimmed(sides[1]))) }
    }
    return messages.last?.role == .user ? messages : nil
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...end])
  }
}

private struct ClaudeTextFormat: InvokeFormat {
  func delta(_ delta: AnswerDelta) -> [JSONMembers] {
    delta.content.isEmpty ? [] : [members(delta.content, reason: .null, stop: .null)]
  }

  func close(_ result: ChoiceResult) -> [JSONMembers] { [members("", result)] }

  func whole(_ results: [ChoiceResult]) -> JSONMembers {
    let result = results.first ?? ChoiceResult()
    return members(result.turn.content, result)
  }

  private func members(_ text: String, _ result: ChoiceResult) -> JSONMembers {
    guard result.end == .stop else { return members(text, reason: "max_tokens", stop: .null) }
    // Where the model ends its turn by itself, these clients are told of the mark that they know.
    let stop = if case .stopText(let text)? = result.summary?.stopReason { text } else { "\n\nHuman:" }
    return members(text, reason: "stop_sequence", stop: .string(stop))
  }

  private func members(_ text: String, reason: JSONValue, stop: JSONValue) -> JSONMembers {
    [("type", "completion"), ("completion", .string(text)), ("stop_reason", reason), ("stop", stop)]
  }
}
