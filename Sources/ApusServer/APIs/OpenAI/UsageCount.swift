internal import Apus
internal import ApusJSON

/// The tokens of all completions of a request; a prompt counts once however many completions it has.
struct UsageCount {
  private var promptTokens = 0
  private var completionTokens = 0
  private var cachedTokens = 0

  /// Counts the completion of that number, of `count` per prompt.
  mutating func add(_ usage: Usage, choice: Int, count: Int) {
    completionTokens += usage.completionTokens
    if choice.isMultiple(of: count) {
      promptTokens += usage.promptTokens
      cachedTokens += usage.cachedTokens
    }
  }

  var json: JSONValue {
    [
      "prompt_tokens": .int(promptTokens), "completion_tokens": .int(completionTokens),
      "total_tokens": .int(promptTokens + completionTokens),
      "prompt_tokens_details": ["cached_tokens": .int(cachedTokens)],
    ]
  }
}
