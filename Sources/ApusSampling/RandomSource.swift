/// The one source of chance: xoshiro256**, its state filled from a 64-bit seed by SplitMix64.
///
/// Both are integer-only, so a seed gives the same sequence on every machine. With `⋘` for rotation left:
///
///     SplitMix64:    s += 0x9e3779b97f4a7c15; z = s
///                    z = (z ^ z >> 30) · 0xbf58476d1ce4e5b9
///                    z = (z ^ z >> 27) · 0x94d049bb133111eb;  output z ^ z >> 31
///     xoshiro256**:  output ((s1 · 5) ⋘ 7) · 9
///                    t = s1 << 17; s2 ^= s0; s3 ^= s1; s1 ^= s2; s0 ^= s3; s2 ^= t; s3 = s3 ⋘ 45
///
/// Sources: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014); Blackman, Vigna,
/// "Scrambled linear pseudorandom number generators" (2021).
package struct RandomSource: Sendable, Equatable {
  private var s0: UInt64
  private var s1: UInt64
  private var s2: UInt64
  private var s3: UInt64

  /// The generator for `seed`; its state is four outputs of SplitMix64, which are never all zero.
  package init(seed: UInt64) {
    var seeder = SplitMix64(state: seed)
    self.init(state: (seeder.next(), seeder.next(), seeder.next(), seeder.next()))
  }

  /// The generator in a given state, of which one word at least must not be zero.
  package init(state: (UInt64, UInt64, UInt64, UInt64)) {
    precondition(state.0 | state.1 | state.2 | state.3 != 0, "the state of a RandomSource must not be all zero")
    (s0, s1, s2, s3) = state
  }

  /// The next 64 bits.
  package mutating func next() -> UInt64 {
    let result = (s1 &* 5).rotatedLeft(by: 7) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = s3.rotatedLeft(by: 45)
    return result
  }

  /// The next number in 0 ..< 1: the upper 53 bits of one output, times 2⁻⁵³.
  package mutating func nextUnit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }
}

/// The generator that turns a seed into a state.
package struct SplitMix64: Sendable {
  private var state: UInt64

  /// The generator that starts from `state`; every value is a good one.
  package init(state: UInt64) {
    self.state = state
  }

  /// The next 64 bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

extension UInt64 {
  /// The bits moved 1 to 63 places up, those that fall out coming back below.
  fileprivate func rotatedLeft(by count: UInt64) -> UInt64 {
    (self &<< count) | (self &>> (64 &- count))
  }
}
