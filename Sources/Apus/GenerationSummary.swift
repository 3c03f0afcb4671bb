/// How a completion ended.
public enum FinishReason: String, Sendable, Equatable, CaseIterable {
  /// The model ended its text, or a stop text or token came.
  case stop
  /// `maxTokens` or the end of the context was reached.
  case length
  /// The caller cancelled, or the engine ended; what was produced until then is valid.
  case cancelled
  /// Nobody read the stream for longer than `LoadOptions.readerStall`; what was produced until then is valid.
  case stalled
  /// `GenerationOptions.deadline` has passed; what was produced until then is valid.
  case deadline
}

/// What made a completion end with `FinishReason.stop`.
public enum StopReason: Sendable, Equatable {
  /// The model ended its text with this token.
  case endOfGeneration(Token)
  /// This entry of `GenerationOptions.stop` came.
  case stopText(String)
  /// This entry of `GenerationOptions.stopTokens` came.
  case stopToken(Token)
  /// `GenerationOptions.constraint` allows nothing more.
  case outputComplete
}

/// The end of a completion: why, and what it took.
public struct GenerationSummary: Sendable, Equatable {
  /// How it ended.
  public internal(set) var finishReason: FinishReason
  /// What made it stop, where `finishReason` is `stop`.
  public internal(set) var stopReason: StopReason?
  /// The tokens it took.
  public internal(set) var usage: Usage
  /// The time it took.
  public internal(set) var timings: Timings
  /// What chance started from: the same seed, options and model give the same text.
  public let seed: UInt64
  /// How likely the tokens of the prompt are that were to be scored.
  package let scores: [TokenLogProbabilities]
  /// What the prompt was pooled to, where that was asked for and has come.
  package internal(set) var vector: [Float]?
  /// The token that ended it and is no part of it; nil where none did.
  package internal(set) var endToken: GeneratedToken?
  /// Tokens that were guessed and computed before it was their turn (`GenerationOptions.speculation`).
  public internal(set) var proposedTokens: Int
  /// How many of them came true: so many steps fewer it took.
  public internal(set) var acceptedTokens: Int
  /// Tokens of the completion that `GenerationOptions.prediction` foretold; whether they were guessed in time or not.
  public internal(set) var predictedTokens: Int
  /// Tokens in which the model thought before it answered messages, without the marks around them.
  public internal(set) var reasoningTokens: Int
}

extension GenerationSummary {
  /// The same of one that was cancelled behind all of it.
  var cancelled: GenerationSummary {
    var summary = self
    (summary.finishReason, summary.stopReason) = (.cancelled, nil)
    return summary
  }
}

/// The tokens of a request.
public struct Usage: Sendable, Equatable {
  /// Tokens of the prompt.
  public let promptTokens: Int
  /// Tokens produced, without an end token or stop token.
  public internal(set) var completionTokens: Int
  /// Prompt tokens whose keys and values were taken from an earlier request.
  public internal(set) var cachedTokens: Int
  /// Prompt and completion together.
  public var totalTokens: Int { promptTokens + completionTokens }
}

/// The time of a request, in its three parts.
public struct Timings: Sendable, Equatable {
  /// Waiting for other requests.
  public let queue: Duration
  /// From the first step to the first token.
  public let prefill: Duration
  /// From the first token to the end.
  public let decode: Duration
  /// Prompt tokens computed per second; 0 where that cannot be told.
  public let prefillTokensPerSecond: Double
  /// Tokens per second after the first; 0 where that cannot be told.
  public let decodeTokensPerSecond: Double
}

extension Timings {
  /// The times of a request that took these tokens.
  init(_ usage: Usage, queue: Duration, prefill: Duration, decode: Duration) {
    (self.queue, self.prefill, self.decode) = (queue, prefill, decode)
    prefillTokensPerSecond = Self.rate(usage.promptTokens - usage.cachedTokens, prefill)
    decodeTokensPerSecond = Self.rate(max(0, usage.completionTokens - 1), decode)
  }

  /// Tokens per second; 0 for no time.
  private static func rate(_ tokens: Int, _ time: Duration) -> Double {
    let seconds = time / .seconds(1)
    return seconds > 0 ? Double(tokens) / seconds : 0
  }
}

/// A whole completion.
public struct Completion: Sendable, Equatable {
  /// The text.
  public let text: String
  /// What the model thought before it answered messages, where it marks that; it is no part of `text`.
  public let reasoning: String
  /// The tools that the model has called, in order; in a session those of all turns, which it has run.
  public let toolCalls: [ToolCall]
  /// The tokens.
  public let tokens: [GeneratedToken]
  /// How it ended, and what it took.
  public let summary: GenerationSummary

  /// How it ended.
  public var finishReason: FinishReason { summary.finishReason }
  /// The tokens it took.
  public var usage: Usage { summary.usage }
}
