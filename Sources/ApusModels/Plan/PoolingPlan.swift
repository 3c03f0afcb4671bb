internal import ApusCore

/// How the activations of a sequence become one vector, or scores.
package struct PoolingPlan: Sendable, HasTensors {
  package enum Kind: Sendable, Equatable {
    /// The mean over all tokens.
    case mean
    /// The first token's.
    case first
    /// The last token's.
    case last

    /// The positions of a sequence of so many tokens whose mean is wanted.
    package func positions(of count: Int) -> Range<Int> {
      switch self {
      case .mean: 0..<count
      case .first: 0..<1
      case .last: count - 1..<count
      }
    }
  }

  /// What a cross-encoder's results are: a score for each label of a pair of texts.
  package struct Ranking: Sendable, Equatable {
    /// The labels' names, one of several is "yes"; empty where the file has none.
    package var labels: [String] = []
    /// The label whose score says how well the texts fit.
    package var relevant = 0
    /// Whether softmax over all labels makes probabilities of the scores.
    package var isSoftmax = false
  }

  package var kind: Kind
  /// What the pooled vector goes through, one after the other.
  var layers: [PooledLayerPlan] = []
  /// Values of the result.
  package var columns: Int
  /// Nil for a model whose results are vectors.
  package var ranking: Ranking?

  var parts: [any HasTensors] { layers }
}

/// One step behind the pooling: `norm(activation(projection(x)))`.
struct PooledLayerPlan: Sendable, HasTensors {
  var projection: ProjectionPlan
  var activation: Activation?
  var norm: NormPlan?

  var parts: [any HasTensors] { [projection, norm] }
}
