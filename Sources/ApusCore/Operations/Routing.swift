/// How a router's logits choose experts for each row.
package struct RoutingRule: Sendable, Equatable {
  /// How logits become scores.
  package enum Scoring: Sendable {
    /// Softmax over all experts.
    case softmax
    /// The logistic function of each.
    case sigmoid
    /// The logits themselves, and softmax over those of the chosen experts only.
    case softmaxOfChosen
    /// `sqrt(log(1 + exp(x)))` of each.
    case sqrtSoftplus
  }
  package var scoring: Scoring
  /// Experts chosen for a row.
  package var used: Int
  /// Groups that the experts lie in, ranked by the sum of their two best (biased) scores; 1 for no groups.
  package var groups = 1
  /// The best groups, whose experts alone can be chosen.
  package var usedGroups = 1
  /// Whether the chosen experts' weights are divided by their sum (at least 6.1e-5).
  package var isNormalized: Bool
  /// Factor on the weights, last of all.
  package var scale: Float = 1

  package init(_ scoring: Scoring, used: Int, isNormalized: Bool) {
    self.scoring = scoring
    self.used = used
    self.isNormalized = isNormalized
  }
}

/// The experts that a step's rows go through, and their weights, in a backend's own memory.
package final class Routing {
  /// Most rows, and most experts of a row.
  package let capacity: Int
  package let used: Int
  /// Experts to choose from.
  package let experts: Int
  /// The backend's own.
  package let storage: AnyObject
  package let owner: ObjectIdentifier
  /// Rows that were routed last.
  package var rows = 0

  /// Called by a backend.
  package init(capacity: Int, used: Int, experts: Int, storage: AnyObject, owner: any Backend) {
    self.capacity = capacity
    self.used = used
    self.experts = experts
    self.storage = storage
    self.owner = ObjectIdentifier(owner)
  }
}

/// The weights of a layer's experts: stacks with one matrix (or row, for biases and factors) for each expert.
package struct ExpertWeights {
  /// `[experts][inner, hidden]`; nil for experts without a gate.
  package var gate: Weight?
  /// `[experts][inner, hidden]`.
  package var up: Weight
  /// `[experts][hidden, inner]`.
  package var down: Weight
  /// Biases `[experts, inner]` and `[experts, hidden]`.
  package var gateBias: Weight?
  package var upBias: Weight?
  package var downBias: Weight?
  /// A factor for each expert on the product of its matrix, `[experts]`.
  package var gateFactors: Weight?
  package var upFactors: Weight?
  package var downFactors: Weight?
  package var activation: Activation

  package init(gate: Weight?, up: Weight, down: Weight, activation: Activation) {
    self.gate = gate
    self.up = up
    self.down = down
    self.activation = activation
  }

  /// The stacks of matrices, in the order in which they are looked at.
  package var matrices: [Weight] { [gate, up, down].compactMap(\.self) }
  /// The biases and factors that there are.
  package var tables: [Weight] {
    [gateBias, gateFactors, upBias, upFactors, downBias, downFactors].compactMap(\.self)
  }
}
