internal import Apus

/// The tokens of all completions of a request; a prompt counts once however many completions it has.
struct UsageCount {
  private(set) var promptTokens = 0
  private(set) var completionTokens = 0
  private(set) var cachedTokens = 0
  /// Tokens of completions in which the model thought before it answered.
  private(set) var reasoningTokens = 0
  /// Tokens of predictions that came in their completions, and those that did not.
  private(set) var acceptedPrediction = 0
  private(set) var rejectedPrediction = 0

  /// Counts the completion of that number in a plan.
  mutating func add(_ summary: GenerationSummary, choice: Int, of plan: GenerationPlan) {
    let usage = summary.usage
    completionTokens += usage.completionTokens
    reasoningTokens += summary.reasoningTokens
    // What is repeated comes more often than it was predicted.
    let accepted = min(summary.predictedTokens, plan.options.prediction.count)
    acceptedPrediction += accepted
    rejectedPrediction += plan.options.prediction.count - accepted
    if choice.isMultiple(of: plan.count) {
      promptTokens += usage.promptTokens
      cachedTokens += usage.cachedTokens
    }
  }
}
