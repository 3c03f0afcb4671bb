/// What was said in a session so far: a plain value, to show, store and restore.
///
/// Its JSON is a list of entries, each an object with one key:
///
///     {"entries": [{"instructions": {"text": "Be brief."}}, {"prompt": {"text": "Hello"}},
///                  {"response": {"text": "Hi.", "finishReason": "stop"}}]}
///
/// A prompt stands before its response, and between them stand the turns in which the model called tools, each with all
/// its results:
///
///     {"toolCalls": {"text": "", "reasoning": "", "results": [
///       {"call": {"id": "call00000", "name": "weather", "arguments": "{\"city\": \"Rome\"}"},
///        "text": "18 °C", "isError": false}]}}
public struct Transcript: Sendable, Equatable, Codable {
  /// One thing that was said.
  public enum Entry: Sendable, Equatable, Codable {
    /// What holds for the whole session; at most once, and first.
    case instructions(text: String)
    /// What the model was asked.
    case prompt(text: String)
    /// A turn before the response in which it called tools: what it said and thought there, and what came of the calls.
    case toolCalls(text: String, reasoning: String, results: [ToolResult])
    /// What it said to the prompt before, and how that ended.
    case response(text: String, finishReason: FinishReason)
  }

  /// The entries, the oldest first.
  public var entries: [Entry]

  /// A transcript of these entries; they are looked at when a session is made of them.
  public init(entries: [Entry] = []) { self.entries = entries }
}

extension FinishReason: Codable {}

extension Transcript {
  /// The messages for the chat template.
  package var messages: [ChatMessage] { entries.flatMap(\.messages) }

  /// Throws where the entries are not instructions, if any, and then prompts, each with its response and what came before
  /// that.
  func check() throws(ApusError) {
    var isAnswered = true
    for (index, entry) in entries.enumerated() {
      switch entry {
      case .instructions where index == 0: continue
      case .prompt where isAnswered: isAnswered = false
      case .toolCalls(_, _, let results) where !isAnswered && !results.isEmpty: continue
      case .response where !isAnswered: isAnswered = true
      default: throw Self.misplaced(index)
      }
    }
    if !isAnswered { throw Self.misplaced(entries.count - 1) }
  }

  private static func misplaced(_ index: Int) -> ApusError {
    .invalidRequest(
      field: "transcript",
      reason: "entry \(index + 1) of the transcript is out of place: instructions may come first, and then each prompt "
        + "must have its response, behind the calls of tools that it took")
  }
}

extension Transcript.Entry {
  /// The messages for the chat template.
  var messages: [ChatMessage] {
    switch self {
    case .instructions(let text): [.system(text)]
    case .prompt(let text): [.user(text)]
    case .response(let text, _): [.assistant(text)]
    case .toolCalls(let text, let reasoning, let results):
      [
        ChatMessage(
          role: .assistant, content: text, toolCalls: results.map(\.call),
          reasoning: reasoning.isEmpty ? nil : reasoning)
      ] + results.map(ChatMessage.init)
    }
  }
}

extension ChatMessage {
  /// What a model is told of a result.
  fileprivate init(_ result: ToolResult) {
    self.init(
      role: .tool, content: (result.isError ? "error: " : "") + result.text, toolCallID: result.call.id,
      toolName: result.call.name)
  }
}
