package import ApusCore
private import ApusSystem

extension RopeConfiguration {
  /// Frequencies and magnitude with all scaling applied.
  ///
  /// Pair i turns by `base^(-2i / dimensions)` radians per position (arXiv:2104.09864), divided by `divisors[i]`
  /// where the model has them (Llama 3.1's `rope_freqs`), and then scaled.
  ///
  /// - Precondition: `divisors` is nil or has one value for each pair.
  package func parameters(divisors: [Float]? = nil) -> RopeParameters {
    precondition(divisors == nil || divisors?.count == dimensions / 2, "one divisor for each pair")
    let frequencies = (0..<dimensions / 2).map { pair in
      let frequency = pow(Double(base), -2 * Double(pair) / Double(dimensions)) / Double(divisors?[pair] ?? 1)
      return Float(scaled(frequency, pair: pair))
    }
    return RopeParameters(frequencies: frequencies, magnitude: magnitude, pairing: pairing)
  }

  private func scaled(_ frequency: Double, pair: Int) -> Double {
    switch scaling {
    case .none: return frequency
    case .linear(let factor): return frequency / Double(factor)
    case .yarn(let yarn):
      let kept = yarn.ramp(pair: pair, dimensions: dimensions, base: Double(base)) * Double(yarn.extrapolation)
      return frequency / Double(yarn.factor) * (1 - kept) + frequency * kept
    }
  }

  private var magnitude: Float {
    guard case .yarn(let yarn) = scaling else { return attentionFactor }
    return attentionFactor * yarn.magnitude
  }
}

extension RopeConfiguration.YaRN {
  /// Factor on cosine and sine.
  var magnitude: Float {
    guard extrapolation > 0, factor > 1 else { return 1 }
    let stretch = log(Double(factor))
    let divisor = logMultiplier.map { 1 + 0.1 * Double($0) * stretch } ?? 1
    return Float((1 + 0.1 * stretch) / divisor)
  }

  /// How much of a pair's frequency is kept: 1 for the fast pairs, 0 for the slow ones.
  ///
  /// The paper's ramp, between the pairs that make `betaFast` and `betaSlow` turns within the original context,
  /// rounded outwards to whole pairs as the paper's own code does.
  fileprivate func ramp(pair: Int, dimensions: Int, base: Double) -> Double {
    let low = max(0, turning(betaFast, dimensions, base).rounded(.down))
    let high = min(Double(dimensions - 1), turning(betaSlow, dimensions, base).rounded(.up))
    let position = (Double(pair) - low) / max(0.001, high - low)
    return 1 - min(1, max(0, position))
  }

  /// The pair, as a real number, that makes `turns` turns within the original context.
  private func turning(_ turns: Float, _ dimensions: Int, _ base: Double) -> Double {
    let wavelength = Double(originalContextLength) / (Double(turns) * 2 * Double.pi)
    return Double(dimensions) * log(wavelength) / (2 * log(base))
  }
}

extension RopeConfiguration {
  /// The logarithm of YaRN's factor; 0 without YaRN.
  var logFactor: Float {
    guard case .yarn(let yarn) = scaling else { return 0 }
    return Float(log(Double(yarn.factor)))
  }
}
