internal import ApusCore

/// Random 64-bit words, each a function of seed, stream and place alone: SplitMix64, entered anywhere.
///
/// So data made of them are the same in whatever pieces and order they are made.
struct RandomWords {
  private let origin: UInt64

  /// The words of one of many streams that a seed gives.
  init(seed: UInt64, stream: Int) {
    origin = SplitMix.mix64(SplitMix.mix64(seed) ^ UInt64(stream))
  }

  /// The word at `place`.
  subscript(place: Int) -> UInt64 {
    SplitMix.mix64(origin &+ UInt64(truncatingIfNeeded: place) &* SplitMix.goldenGamma)
  }
}
