package import ApusCore

/// Mirostat 1 and 2 (arXiv:2007.14966): holds the surprise of the text near a target by how far it truncates.
///
/// After each token the bound μ moves by −η · (surprise of the token − τ); it starts at 2 τ. Surprise is in bits.
package struct Mirostat: Sendable {
  private let isFirstVersion: Bool
  private let target: Double
  private let learningRate: Double
  private let vocabularySize: Int
  /// The bound on surprise, μ.
  package private(set) var bound: Double

  /// How many of the best candidates version 1 estimates the exponent of Zipf's law from, as in the paper.
  private static let estimated = 100

  /// The state of `options`, nil where Mirostat is off.
  package init?(_ options: SamplingOptions, vocabularySize: Int) {
    guard options.mirostat != 0 else { return nil }
    isFirstVersion = options.mirostat == 1
    target = options.mirostatTau
    learningRate = options.mirostatEta
    self.vocabularySize = vocabularySize
    bound = 2 * target
  }

  /// Truncates the candidates, draws one of the rest, and moves the bound.
  package mutating func draw(from candidates: inout Workspace, using random: inout RandomSource) -> Token {
    if isFirstVersion {
      candidates.sort()
      candidates.truncate(to: truncation(of: candidates.entries))
    } else {
      candidates.keep(atLeast: lowestLogit(of: &candidates), minimum: 1)
    }
    let (choice, probability) = candidates.draw(using: &random)
    bound -= learningRate * (-PortableMath.log2(probability) - target)
    return choice.token
  }

  /// Version 2: the logit of a candidate whose surprise is just the bound.
  private func lowestLogit(of candidates: inout Workspace) -> Double {
    let total = candidates.weigh()
    return Double(candidates.best().logit) + PortableMath.log(total) - bound * PortableMath.ln2
  }

  /// Version 1: how many of the sorted candidates to keep, from the exponent s of Zipf's law.
  ///
  /// With ε = s − 1, k = (ε · 2^μ / (1 − N^−ε))^(1/s); at ε = 0 its limit, (2^μ / ln N)^(1/s).
  private func truncation(of entries: [Candidate]) -> Int {
    let s = zipfExponent(of: entries)
    guard s > 0 else { return Self.whole(PortableMath.exp(bound * PortableMath.ln2), atMost: entries.count) }
    let epsilon = s - 1
    let logN = PortableMath.log(Double(vocabularySize))
    let divisor = abs(epsilon) < 1e-9 ? logN : (1 - PortableMath.exp(-epsilon * logN)) / epsilon
    let logK = (bound * PortableMath.ln2 - PortableMath.log(divisor)) / s
    return Self.whole(PortableMath.exp(logK), atMost: entries.count)
  }

  /// The exponent by least squares over the ratios of neighbouring probabilities: Σ tᵢ bᵢ / Σ tᵢ².
  ///
  /// tᵢ = log((i + 2) / (i + 1)), and bᵢ = log(pᵢ / pᵢ₊₁), which is the difference of the logits.
  private func zipfExponent(of entries: [Candidate]) -> Double {
    var products = 0.0
    var squares = 0.0
    for index in 0..<max(0, min(Self.estimated, entries.count) - 1) {
      let t = PortableMath.log(Double(index + 2) / Double(index + 1))
      products += t * (Double(entries[index].logit) - Double(entries[index + 1].logit))
      squares += t * t
    }
    return squares > 0 ? products / squares : 0
  }

  /// The value without its fraction, from 1 to `limit`; the limit for NaN.
  private static func whole(_ value: Double, atMost limit: Int) -> Int {
    guard value < Double(limit) else { return limit }
    return max(1, Int(value))
  }
}
