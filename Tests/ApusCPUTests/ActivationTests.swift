internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// Functions of one value at every level, against the formulas in double precision.
struct ActivationTests {
  static let cases: [(String, Activation)] = Kernels.supportedLevelNames.flatMap { level in
    Activation.allCases.map { (level, $0) }
  }

  private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private static func exact(_ activation: Activation, _ x: Double, up: Double = 1) -> Double {
    switch activation {
    case .silu: x * logistic(x) * up
    case .gelu: x * logistic(2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)) * up
    case .geluErf: x / 2 * erfc(-x / 2.0.squareRoot()) * up
    case .squaredRelu: max(x, 0) * max(x, 0) * up
    case .sigmoid: logistic(x) * up
    case .tanh: tanh(x) * up
    case .clampedSwish: min(x, 7) * logistic(1.702 * min(x, 7)) * (min(max(up, -7), 7) + 1)
    }
  }

  /// Values of all magnitudes that functions change at.
  private static let inputs: [Float] = [0.001, 0.1, 1, 5, 12].flatMap { range in
    (-100...100).map { Float($0) / 100 * range + 1e-6 }
  }

  /// Largest relative error; values so small that they count for nothing are left out.
  private static func error(_ found: [Float], _ expected: [Double]) -> Double {
    zip(found, expected).reduce(0) { worst, pair in
      guard abs(pair.1) > 1e-30 else { return worst }
      let error = abs(Double(pair.0) - pair.1) / abs(pair.1)
      return error <= worst ? worst : error.isNaN ? .infinity : error
    }
  }

  @Test("An activation is right to a few units in the last place", arguments: cases)
  func isExact(level: String, activation: Activation) throws {
    let kernels = try #require(Kernels(level: level))
    let inputs = Self.inputs
    let ups = inputs.indices.map { Float($0 % 41 - 20) / 2 + 0.25 }
    let (gate, up) = (GuardedBuffer(inputs), GuardedBuffer(ups))
    unsafe kernels.gate(activation, gate: gate.pointer, up: up.pointer, count: inputs.count)
    let expected = zip(inputs, ups).map { Self.exact(activation, Double($0), up: Double($1)) }
    #expect(Self.error(up.values, expected) < 6e-7)
    guard activation != .clampedSwish else { return }
    unsafe kernels.activate(activation, gate.pointer, count: inputs.count)
    #expect(Self.error(gate.values, inputs.map { Self.exact(activation, Double($0)) }) < 6e-7)
  }

  @Test("A value has the same bits wherever it stands in a row", arguments: cases)
  func independentOfPlace(level: String, activation: Activation) throws {
    let kernels = try #require(Kernels(level: level))
    let inputs = Array(Self.inputs.prefix(77))
    let (gate, up) = (GuardedBuffer(inputs), GuardedBuffer(inputs.reversed()))
    unsafe kernels.gate(activation, gate: gate.pointer, up: up.pointer, count: 77)
    let alone = GuardedBuffer<Float>(inputs.reversed())
    for i in 0..<77 { unsafe kernels.gate(activation, gate: gate.pointer + i, up: alone.pointer + i, count: 1) }
    #expect(up.values.map(\.bitPattern) == alone.values.map(\.bitPattern))
  }

  @Test("Extreme gates give finite results, and NaN stays NaN", arguments: cases)
  func extremes(level: String, activation: Activation) throws {
    let kernels = try #require(Kernels(level: level))
    // The square of more is infinite.
    let large: Float = activation == .squaredRelu ? 1e18 : 1e30
    let gate = GuardedBuffer<Float>([-large, -200, -88, -1e-30, 0, 88, 200, large, .nan])
    let up = GuardedBuffer([Float](repeating: 1, count: 9))
    unsafe kernels.gate(activation, gate: gate.pointer, up: up.pointer, count: 9)
    #expect(up.values.dropLast().allSatisfy { $0.isFinite })
    #expect(up.values[8].isNaN)
    #expect(abs(Double(up.values[0]) - Self.exact(activation, Double(-large))) < 1e-6)
    let expected = Self.exact(activation, Double(large))
    #expect(abs(Double(up.values[7]) - expected) <= 1e-6 * expected)
  }

  @Test("A soft cap is right to a few units in the last place", arguments: Kernels.supportedLevelNames)
  func cap(level: String) throws {
    let kernels = try #require(Kernels(level: level))
    for limit: Float in [0.5, 3, 50] {
      let inputs = Self.inputs.map { $0 * limit }
      let x = GuardedBuffer(inputs)
      unsafe kernels.cap(x.pointer, at: limit, count: inputs.count)
      let expected = inputs.map { Double(limit) * tanh(Double($0) / Double(limit)) }
      #expect(Self.error(x.values, expected) < 4e-7)
    }
  }
}
