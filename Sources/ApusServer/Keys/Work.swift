/// What one request has used, or many.
struct Work: Sendable, Equatable {
  /// Tokens of prompts, and how many of them were known from earlier ones.
  var promptTokens = 0
  var cachedTokens = 0
  /// Tokens produced.
  var completionTokens = 0
  /// How long its completions were worked on, each counted for itself; of vectors and scores, how long they took.
  var time = Duration.zero

  mutating func add(_ more: Work) {
    promptTokens += more.promptTokens
    cachedTokens += more.cachedTokens
    completionTokens += more.completionTokens
    time += more.time
  }
}
