/// Rotary position embedding of one model: which pairs of a head turn, and how fast.
package struct RopeParameters: Sendable {
  /// Which two values of a head form a pair.
  package enum Pairing: Sendable {
    /// `(2i, 2i + 1)`: Llama's GGUF files.
    case adjacent
    /// `(i, i + dimensions / 2)`: NeoX and most others.
    case split
  }
  /// Radians per position of each pair, `[dimensions / 2]`, all scaling applied.
  package var frequencies: [Float]
  /// Factor on cosine and sine (YaRN's attention scaling); 1 otherwise.
  package var magnitude: Float
  package var pairing: Pairing

  package init(frequencies: [Float], magnitude: Float = 1, pairing: Pairing) {
    self.frequencies = frequencies
    self.magnitude = magnitude
    self.pairing = pairing
  }
}
