/// What SplitMix64 is made of: its word `i` is `mix64(seed + (i + 1) · goldenGamma)`, modulo 2⁶⁴.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014), with its
/// `mix64variant13`, as Java's `SplittableRandom` has it.
/// Public and inlinable, because a `package` function would stay a call in other modules.
public enum SplitMix {
  /// The step from state to state: the odd number closest to 2⁶⁴ divided by the golden ratio.
  @inlinable public static var goldenGamma: UInt64 { 0x9e37_79b9_7f4a_7c15 }

  /// A one-to-one map in which every bit of `word` changes about half of the result's.
  @inlinable public static func mix64(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
