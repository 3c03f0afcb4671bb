/// What was said in a session so far: a plain value, to show, store and restore.
///
/// Its JSON is a list of entries, each an object with one key:
///
///     {"entries": [{"instructions": {"text": "Be brief."}}, {"prompt": {"text": "Hello"}},
///                  {"response": {"text": "Hi.", "finishReason": "stop"}}]}
public struct Transcript: Sendable, Equatable, Codable {
  /// One thing that was said.
  public enum Entry: Sendable, Equatable, Codable {
    /// What holds for the whole session; at most once, and first.
    case instructions(text: String)
    /// What the model was asked.
    case prompt(text: String)
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
  var messages: [ChatMessage] {
    entries.map { entry in
      switch entry {
      case .instructions(let text): .system(text)
      case .prompt(let text): .user(text)
      case .response(let text, _): .assistant(text)
      }
    }
  }

  /// Throws where the entries are not instructions, if any, and then pairs of a prompt and a response.
  func check() throws(ApusError) {
    var isAnswered = true
    for (index, entry) in entries.enumerated() {
      switch entry {
      case .instructions where index == 0: continue
      case .prompt where isAnswered: isAnswered = false
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
        + "must have its response")
  }
}
