/// What attention needs beside q and the cache.
package struct AttentionParameters {
  /// Which positions a token looks at.
  package enum Mask: Sendable, Equatable {
    /// Its own and those before it: with a window, the last `window` of them, its own included.
    case causal(window: Int?)
    /// All of its sequence: with a window, those at most `window / 2` away on either side.
    ///
    /// All positions of the sequence are rows of the step's batch.
    case full(window: Int?)
  }

  package var heads: Int
  /// Factor on q·k, usually `1 / sqrt(keyDimension)`.
  package var scale: Float
  package var mask: Mask
  /// Where not nil, each score s becomes `softCap · tanh(s / softCap)`.
  package var softCap: Float?
  /// ALiBi (arXiv:2108.12409): a slope for each head, `[heads]`; `slope · -|distance|` is added to each score.
  package var slopes: [Float]?
  /// A score for each head, `[heads]`, that takes part in the softmax and has no value (gpt-oss).
  package var sinks: Weight?

  package init(heads: Int, scale: Float, mask: Mask = .causal(window: nil)) {
    self.heads = heads
    self.scale = scale
    self.mask = mask
  }
}
