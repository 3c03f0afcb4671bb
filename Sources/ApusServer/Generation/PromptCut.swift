internal import Apus

/// How much of a prompt is kept where it is longer.
struct PromptCut: Sendable {
  /// Tokens that are kept.
  let count: Int
  /// Whether they are the prompt's first ones, and not its last.
  var keepsBeginning = false

  /// What is kept of a prompt.
  func kept(_ prompt: [Token]) -> [Token] { Array(keepsBeginning ? prompt.prefix(count) : prompt.suffix(count)) }
}
