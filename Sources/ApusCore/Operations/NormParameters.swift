/// How a row is brought to one length: RMSNorm (arXiv:1910.07467) or LayerNorm (arXiv:1607.06450).
package struct NormParameters: Sendable, Equatable {
  package enum Kind: Sendable {
    /// `x / sqrt(mean(x²) + epsilon)`.
    case rms
    /// `(x - mean(x)) / sqrt(variance(x) + epsilon)`.
    case layer
  }
  package var kind: Kind
  package var epsilon: Float
  /// Parts of a row that are normed each by itself: heads, for norms of queries and keys.
  package var groups: Int

  package init(_ kind: Kind = .rms, epsilon: Float, groups: Int = 1) {
    self.kind = kind
    self.epsilon = epsilon
    self.groups = groups
  }
}
