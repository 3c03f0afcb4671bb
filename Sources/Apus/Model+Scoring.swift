extension Model {
  /// How likely the model finds each of `tokens` from `start` on, after all those before it.
  ///
  /// Their sum says how likely the model finds a text: choose among answers by the sum over each answer's tokens, or
  /// compute the perplexity, which is e to the power of their negative mean. It costs as much as processing a prompt of
  /// these tokens, and logits for each that is scored; what an earlier request has in common before `start` is not
  /// computed again. Other requests are worked on meanwhile. Memory goes with the number of results, never with that
  /// times the vocabulary.
  ///
  /// - Parameters:
  ///   - tokens: The text, with what the model begins with; at least one, and fewer than the context length.
  ///   - start: The index of the first token that is scored, at least 1: the first token has none before it.
  ///   - top: How many of the most likely tokens to report beside each, at most 20.
  ///   - cacheSalt: What requests must have in common to use each other's keys and values, as in `GenerationOptions`.
  /// - Returns: One for each of `tokens[start...]`: `chosen` is that token's own. They are of the model's distribution,
  ///   without any sampling option.
  /// - Throws: `ApusError`: `stopped` where the task was cancelled.
  public func score(
    tokens: [Token], from start: Int = 1, top: Int = 0, cacheSalt: String? = nil
  ) async throws(ApusError) -> [TokenLogProbabilities] {
    let options = GenerationOptions(maxTokens: 0, topLogProbabilities: top, cacheSalt: cacheSalt)
    let stream = try engine.submit(GenerationRequest(prompt: tokens, options: options, scoresFrom: start))
    let summary = try await stream.completion().summary
    if summary.finishReason == .length { return summary.scores }
    throw Task.isCancelled ? .stopped : .shuttingDown
  }
}
