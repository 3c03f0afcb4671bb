internal import ApusCore

/// A repeatable source of test values: SplitMix64.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= SplitMix.goldenGamma
    return SplitMix.mix64(state)
  }

  /// `count` values, roughly normal with standard deviation `scale`.
  package mutating func normals(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in
      var sum: Float = 0
      for _ in 0..<4 { sum += Float.random(in: -1...1, using: &self) }
      return sum * scale * 0.866
    }
  }

  /// `count` random bytes.
  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
