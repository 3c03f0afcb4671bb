/// What happens while a completion is produced, in order: progress, then text, then one `finished` at the end.
public enum GenerationEvent: Sendable, Equatable {
  /// The work has begun, or more of the prompt was processed.
  case progress(PromptProgress)
  /// More text; all deltas joined are the completion.
  case text(TextDelta)
  /// The end; nothing follows.
  case finished(GenerationSummary)
}

/// How far the prompt is processed, in tokens.
public struct PromptProgress: Sendable, Equatable {
  /// Prompt tokens processed, those taken from an earlier request included.
  public let processed: Int
  /// Prompt tokens taken from an earlier request with the same beginning.
  public let cached: Int
  /// Tokens of the prompt.
  public let total: Int
}

/// A piece of the completion.
public struct TextDelta: Sendable, Equatable {
  /// Whole characters, and never the beginning of a stop text; may be empty while those are awaited.
  public internal(set) var text: String
  /// What the model thinks before it answers messages, where it marks that; it is no part of `text`.
  ///
  /// Empty where a raw prompt is completed: there it is part of the text.
  public internal(set) var reasoning = ""
  /// The tokens produced since the last delta; their text may come with a later one.
  public internal(set) var tokens: [GeneratedToken]
}

/// One token of a completion.
public struct GeneratedToken: Sendable, Equatable {
  /// The token.
  public let id: Token
  /// How likely it was, where `topLogProbabilities` asks for that.
  public let logProbabilities: TokenLogProbabilities?

  package init(id: Token, logProbabilities: TokenLogProbabilities? = nil) {
    self.id = id
    self.logProbabilities = logProbabilities
  }
}

/// How likely the model found a token, and what it found most likely.
public struct TokenLogProbabilities: Sendable, Equatable {
  /// A token and the natural logarithm of its probability.
  public struct Entry: Sendable, Equatable {
    /// The token.
    public let token: Token
    /// The natural logarithm of its probability.
    public let logProbability: Double
  }

  /// The natural logarithm of the chosen token's probability.
  public let chosen: Double
  /// The most likely tokens, the most likely first.
  public let top: [Entry]
  /// Its place among all tokens, the most likely of which has 1.
  public let rank: Int
}
