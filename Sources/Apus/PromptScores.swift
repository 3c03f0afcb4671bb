package import ApusCore
package import ApusSampling

/// How likely a prompt's tokens are, each after those before it, taken as the steps bring logits; a pure value.
package struct PromptScores: Sendable {
  /// The tokens that are scored, in order.
  private let tokens: [Token]
  private let top: Int
  /// What was taken so far.
  package private(set) var values: [TokenLogProbabilities] = []

  /// Scores `tokens`, and names the `top` most likely ones beside each.
  package init(_ tokens: [Token], top: Int) {
    self.tokens = tokens
    self.top = top
  }

  /// Whether all tokens have their score.
  package var isComplete: Bool { values.count == tokens.count }

  /// Takes the logits of the position before the next token, one for each token of the vocabulary.
  package mutating func take(_ logits: Span<Float>, _ workspace: inout Workspace) throws(SamplingError) {
    values.append(try TokenLogProbabilities(of: tokens[values.count], in: logits, top: top, &workspace))
  }
}

extension TokenLogProbabilities {
  /// How likely `token` is by these logits, and the `count` most likely ones.
  init(
    of token: Token, in logits: Span<Float>, top count: Int, _ workspace: inout Workspace
  ) throws(SamplingError) {
    let all = try LogProbabilities(of: logits)
    chosen = all[token]
    top = all.top(count, using: &workspace).map { Entry(token: $0.token, logProbability: $0.logProbability) }
    rank = top.firstIndex { $0.token == token }.map { $0 + 1 } ?? all.rank(of: token)
  }
}
