/// A function of one value, between two matrices of a feed-forward layer.
package enum Activation: Sendable, CaseIterable {
  /// `x / (1 + exp(-x))`.
  case silu
  /// GELU by its tanh approximation: `x / 2 · (1 + tanh(sqrt(2 / π) · (x + 0.044715 x³)))` (arXiv:1606.08415).
  case gelu
  /// GELU itself: `x / 2 · (1 + erf(x / sqrt(2)))`.
  case geluErf
  /// `max(x, 0)²`.
  case squaredRelu
  /// `1 / (1 + exp(-x))`.
  case sigmoid
  /// `tanh(x)`.
  case tanh
  /// gpt-oss: the gate g at most 7, up u within -7 and 7: `g / (1 + exp(-1.702 g)) · (u + 1)`.
  ///
  /// Only for two inputs.
  case clampedSwish
}
