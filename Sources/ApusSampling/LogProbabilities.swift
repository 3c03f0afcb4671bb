package import ApusCore

/// The logarithms of the probabilities that raw logits stand for, before any stage: log-softmax in double precision.
package struct LogProbabilities: ~Escapable {
  /// A token and the logarithm of its probability, in nats.
  package struct Entry: Sendable, Equatable {
    /// The token.
    package let token: Token
    /// The logarithm of its probability; −infinity for a forbidden token.
    package let logProbability: Double
  }

  private let logits: Span<Float>
  /// The logarithm of the sum of e to the power of each logit.
  private let normalizer: Double

  /// Sums the exponentials once: one pass for the maximum, one for the sum.
  ///
  /// - Parameter logits: One for each token.
  /// - Throws: Where a logit is NaN or +infinity, or all are −infinity.
  @_lifetime(copy logits)
  package init(of logits: Span<Float>) throws(SamplingError) {
    let highest = Double(try LogitScan.checked(logits).maximum)
    self.logits = logits
    normalizer = highest + PortableMath.log(Self.sum(logits, highest))
  }

  /// The sum of e to the power (logit − highest), in four interleaved parts that the processor can add side by side.
  private static func sum(_ logits: Span<Float>, _ highest: Double) -> Double {
    var parts = SIMD4<Double>()
    var index = 0
    while index + 4 <= logits.count {
      for lane in 0..<4 { parts[lane] += PortableMath.exp(Double(logits[index + lane]) - highest) }
      index += 4
    }
    while index < logits.count {
      parts[index % 4] += PortableMath.exp(Double(logits[index]) - highest)
      index += 1
    }
    return (parts[0] + parts[1]) + (parts[2] + parts[3])
  }

  /// The logarithm of the probability of `token`; −infinity for one outside the vocabulary.
  package subscript(token: Token) -> Double {
    guard token >= 0, token < logits.count else { return -.infinity }
    return Double(logits[Int(token)]) - normalizer
  }

  /// The probability of `token`; 0 for one outside the vocabulary.
  package func probability(of token: Token) -> Double { PortableMath.exp(self[token]) }

  /// How many tokens are more likely than `token`, and one.
  package func rank(of token: Token) -> Int {
    guard token >= 0, token < logits.count else { return logits.count + 1 }
    let own = logits[Int(token)]
    var rank = 1
    for index in 0..<logits.count where logits[index] > own { rank += 1 }
    return rank
  }

  /// The `count` most likely tokens, most likely first, the lower token first of equals; forbidden ones never.
  package func top(_ count: Int, using workspace: inout Workspace) -> [Entry] {
    workspace.select(min(count, logits.count), from: logits)
    return workspace.entries.map { Entry(token: $0.token, logProbability: self[$0.token]) }
  }
}
