internal import Apus

/// The tokens of all completions of a request; a prompt counts once however many completions it has.
struct UsageCount {
  private(set) var promptTokens = 0
  private(set) var completionTokens = 0
  private(set) var cachedTokens = 0
  /// Tokens of completions in which the model reasoned, before it answered.
  private(set) var reasoningTokens = 0

  /// Counts the completion of that number, of `count` per prompt.
  mutating func add(_ usage: Usage, choice: Int, count: Int, reasoning: Int) {
    completionTokens += usage.completionTokens
    reasoningTokens += reasoning
    if choice.isMultiple(of: count) {
      promptTokens += usage.promptTokens
      cachedTokens += usage.cachedTokens
    }
  }
}
