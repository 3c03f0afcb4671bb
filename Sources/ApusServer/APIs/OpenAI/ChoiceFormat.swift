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
  mutating func closing(_ summary: GenerationSummary) -> JSONMembers
  /// The choice as a whole.
  mutating func whole(_ text: String, _ tokens: [GeneratedToken], _ summary: GenerationSummary?) -> JSONMembers
  /// The word for an answer that ended by itself.
  var stopWord: String { get }
}

extension ChoiceFormat {
  var stopWord: String { AnswerEnd.stop.rawValue }
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

  func closing(_ summary: GenerationSummary) -> JSONMembers { [("text", ""), ("logprobs", .null)] }

  mutating func whole(_ text: String, _ tokens: [GeneratedToken], _ summary: GenerationSummary?) -> JSONMembers {
    let all = scoredEcho.map { $0.tokens(before: tokens, summary) } ?? tokens
    return [("text", .string(echo + text)), ("logprobs", logProbabilities?.json(all) ?? .null)]
  }
}
