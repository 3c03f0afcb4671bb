internal import ApusCore

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

extension Kernels {
  /// `up = activation(gate) · up` over `count` values.
  func gate(
    _ up: UnsafeMutablePointer<Float>, by gate: UnsafeMutablePointer<Float>, count: Int, _ activation: Activation
  ) {
    switch activation {
    case .silu: unsafe swiGLU(gate: gate, up: up, count: count)
    case .clampedSwish:
      for index in 0..<count {
        let (g, u) = unsafe (min(gate[index], 7), min(max(up[index], -7), 7))
        unsafe up[index] = g / (1 + expf(-1.702 * g)) * (u + 1)
      }
    case .gelu, .geluErf, .squaredRelu, .sigmoid:
      unsafe activate(gate, count: count, activation)
      for index in 0..<count { unsafe up[index] *= gate[index] }
    }
  }

  /// `x = activation(x)` over `count` values.
  func activate(_ x: UnsafeMutablePointer<Float>, count: Int, _ activation: Activation) {
    for index in 0..<count { unsafe x[index] = activation(x[index]) }
  }
}

extension Activation {
  fileprivate func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .silu: x / (1 + expf(-x))
    case .gelu: x / 2 * (1 + tanhf(0.797_884_56 * (x + 0.044_715 * x * x * x)))
    case .geluErf: x / 2 * (1 + erff(x * 0.707_106_78))
    case .squaredRelu: x > 0 ? x * x : x.isNaN ? x : 0
    case .sigmoid: 1 / (1 + expf(-x))
    case .tanh: tanhf(x)
    case .clampedSwish: preconditionFailure("clampedSwish has two inputs")
    }
  }
}
