internal import Apus
internal import ApusJSON

/// The members of a JSON object, in order.
typealias JSONMembers = [(String, JSONValue)]

/// How the pieces of one choice look in an answer; a value for each choice.
protocol ChoiceFormat: Sendable {
  /// What the choice's first frame says before any token; nil for no such frame.
  func opening() -> JSONMembers?
  /// A piece of a streamed choice; nil where there is nothing to say.
  mutating func piece(_ delta: TextDelta) -> JSONMembers?
  /// What the choice's last frame says beside its end.
  func closing() -> JSONMembers
  /// The choice as a whole.
  mutating func whole(_ text: String, _ tokens: [GeneratedToken], _ summary: GenerationSummary?) -> JSONMembers
}

/// A choice of `/v1/chat/completions`.
struct ChatChoice: ChoiceFormat {
  let model: Model
  let hasLogProbabilities: Bool

  func opening() -> JSONMembers? { [("delta", ["role": "assistant", "content": ""]), ("logprobs", .null)] }

  func piece(_ delta: TextDelta) -> JSONMembers? {
    guard !delta.text.isEmpty || hasLogProbabilities else { return nil }
    return [("delta", ["content": .string(delta.text)]), ("logprobs", logProbabilities(delta.tokens))]
  }

  func closing() -> JSONMembers { [("delta", [:]), ("logprobs", .null)] }

  func whole(_ text: String, _ tokens: [GeneratedToken], _ summary: GenerationSummary?) -> JSONMembers {
    let message: JSONValue = ["role": "assistant", "content": .string(text), "refusal": .null]
    return [("message", message), ("logprobs", logProbabilities(tokens))]
  }

  private func logProbabilities(_ tokens: [GeneratedToken]) -> JSONValue {
    hasLogProbabilities ? ChatLogProbabilities.json(tokens, model) : .null
  }
}

/// A choice of `/v1/completions`.
struct TextChoice: ChoiceFormat {
  /// What stands before the completion.
  let echo: String
  var logProbabilities: LegacyLogProbabilities?
  /// What stands before the completion, where it has log probabilities too.
  var scoredEcho: ScoredEcho?

  func opening() -> JSONMembers? { echo.isEmpty ? nil : [("text", .string(echo)), ("logprobs", .null)] }

  mutating func piece(_ delta: TextDelta) -> JSONMembers? {
    guard !delta.text.isEmpty || logProbabilities != nil else { return nil }
    return [("text", .string(delta.text)), ("logprobs", logProbabilities?.json(delta.tokens) ?? .null)]
  }

  func closing() -> JSONMembers { [("text", ""), ("logprobs", .null)] }

  mutating func whole(_ text: String, _ tokens: [GeneratedToken], _ summary: GenerationSummary?) -> JSONMembers {
    let all = scoredEcho.map { $0.tokens(before: tokens, summary) } ?? tokens
    return [("text", .string(echo + text)), ("logprobs", logProbabilities?.json(all) ?? .null)]
  }
}
