/// Random 64-bit words, each a function of seed, stream and place alone: SplitMix64, entered anywhere.
///
/// So data made of them are the same in whatever pieces and order they are made.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
struct RandomWords {
  private let origin: UInt64

  /// The words of one of many streams that a seed gives.
  init(seed: UInt64, stream: Int) {
    origin = mixed(mixed(seed) ^ UInt64(stream))
  }

  /// The word at `place`.
  subscript(place: Int) -> UInt64 { mixed(origin &+ UInt64(truncatingIfNeeded: place) &* 0x9e37_79b9_7f4a_7c15) }
}

/// A one-to-one map in which every bit of `word` changes half of the result's.
@inline(__always)
private func mixed(_ word: UInt64) -> UInt64 {
  var z = word
  z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
  return z ^ (z >> 31)
}
