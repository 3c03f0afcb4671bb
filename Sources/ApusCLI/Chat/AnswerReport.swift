internal import Apus

/// What a person is told after an answer, on standard error: how fast it came, or that it was cut.
struct AnswerReport {
  private let summary: GenerationSummary
  /// The most tokens that were asked for; nil for as many as the context has room for.
  private let maxTokens: Int?
  private let contextLength: Int

  init(_ summary: GenerationSummary, _ options: GenerationOptions, _ model: Model) {
    self.summary = summary
    maxTokens = options.maxTokens
    contextLength = model.information.contextLength
  }

  /// Writes a line, or nothing where the answer is whole and nobody wants statistics.
  func write(withStatistics showsStatistics: Bool) {
    if showsStatistics {
      StandardError.write(statistics + "\n")
    } else if summary.finishReason == .length {
      StandardError.write("Note: the answer was cut at \(summary.usage.completionTokens) tokens: \(limit).\n")
    }
  }

  /// How fast the answer came, in one line.
  private var statistics: String {
    let (usage, timings) = (summary.usage, summary.timings)
    let cached = usage.cachedTokens > 0 ? " (\(usage.cachedTokens) from before)" : ""
    let guessed = summary.acceptedTokens > 0 ? " (\(summary.acceptedTokens) guessed)" : ""
    let end = summary.finishReason == .length ? ", cut at the limit: \(limit)" : ""
    return "prompt: \(usage.promptTokens) tokens\(cached), \(oneDecimal(timings.prefillTokensPerSecond)) tokens/s; "
      + "generation: \(usage.completionTokens) tokens\(guessed), "
      + "\(oneDecimal(timings.decodeTokensPerSecond)) tokens/s\(end)"
  }

  /// Which limit cuts the answer.
  private var limit: String {
    if let maxTokens, summary.usage.completionTokens >= maxTokens { return "--max-tokens allows no more" }
    return "the context of \(contextLength) tokens is full"
  }
}
