internal import ApusCore
internal import Foundation

extension Activation {
  /// The function of one value.
  func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .silu: x * logistic(x)
    case .gelu: x / 2 * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .geluErf: x / 2 * (1 + erf(x / 2.0.squareRoot()))
    case .squaredRelu: max(x, 0) * max(x, 0)
    case .sigmoid: logistic(x)
    case .tanh: Foundation.tanh(x)
    case .clampedSwish: preconditionFailure("clampedSwish needs two inputs")
    }
  }

  /// The function of a gate, times the other value.
  func callAsFunction(gate: Double, _ up: Double) -> Double {
    guard case .clampedSwish = self else { return self(gate) * up }
    let gate = min(gate, 7)
    return gate * logistic(1.702 * gate) * (min(max(up, -7), 7) + 1)
  }
}

/// `1 / (1 + exp(-x))`.
func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// Weights that add to one; with a sink, one more term takes part that has no weight.
func softmaxed(_ scores: [Double], sink: Double? = nil) -> [Double] {
  let peak = max(scores.max() ?? -.infinity, sink ?? -.infinity)
  let terms = scores.map { exp($0 - peak) }
  let sum = terms.reduce(0, +) + (sink.map { exp($0 - peak) } ?? 0)
  return terms.map { $0 / sum }
}
