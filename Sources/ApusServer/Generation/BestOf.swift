internal import Apus

/// The best of several completions: that with the most likely tokens.
enum BestOf {
  /// The numbers of completions, the best first; without log probabilities as they are.
  ///
  /// Compared are means, as OpenAI's API does it, so that long ones are no worse for being long.
  static func order(_ choices: [ChoiceResult]) -> [Int] {
    let means = choices.map { mean($0.tokens + ($0.summary?.endToken.map { [$0] } ?? [])) }
    return choices.indices.sorted { (-means[$0], $0) < (-means[$1], $1) }
  }

  private static func mean(_ tokens: [GeneratedToken]) -> Double {
    let values = tokens.compactMap { $0.logProbabilities?.chosen }
    return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
