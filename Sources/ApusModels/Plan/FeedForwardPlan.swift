internal import ApusCore

/// A dense feed-forward layer: `down(activation(gate(x)) · up(x))`, or `down(activation(up(x)))` without a gate.
struct FeedForwardPlan: Sendable, HasTensors {
  var gate: ProjectionPlan?
  /// Where not nil, the gate is cut at its mean plus so many standard deviations, before the activation.
  var gateDeviations: Float?
  var up: ProjectionPlan
  var activation: Activation
  /// Norm of the inner values, before the last projection.
  var innerNorm: NormPlan?
  var down: ProjectionPlan

  var parts: [any HasTensors] { [gate, up, innerNorm, down] }

  var columns: [BufferRole: Int] { [.gate: gate?.rows ?? 0, .up: up.rows] }
}

/// A routed feed-forward layer (mixture of experts, arXiv:1701.06538): each row goes through few of many experts.
struct ExpertsPlan: Sendable, HasTensors {
  var router: ProjectionPlan
  var rule: RoutingRule
  /// Added to the scores for choosing only.
  var selectionBias: TensorPlan?
  /// Stacks with a matrix for each expert, and their biases and factors.
  var gate: TensorPlan?
  var up: TensorPlan
  var down: TensorPlan
  var gateBias: TensorPlan?
  var upBias: TensorPlan?
  var downBias: TensorPlan?
  var gateFactors: TensorPlan?
  var upFactors: TensorPlan?
  var downFactors: TensorPlan?
  var activation: Activation
  /// An expert that all rows go through, and the projection to its factor before the logistic function.
  var shared: FeedForwardPlan?
  var sharedGate: ProjectionPlan?

  var experts: Int { router.rows }

  var parts: [any HasTensors] {
    [
      router, selectionBias, gate, up, down, gateBias, upBias, downBias, gateFactors, upFactors, downFactors, shared,
      sharedGate,
    ]
  }

  var columns: [BufferRole: Int] {
    var columns: [BufferRole: Int] = [.router: experts, .sharedGate: sharedGate == nil ? 0 : 1]
    if let shared {
      columns.merge(shared.columns) { max($0, $1) }
      columns[.shared] = shared.down.rows
    }
    return columns
  }
}
