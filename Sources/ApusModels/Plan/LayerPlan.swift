internal import ApusCore

/// What mixes the tokens of a sequence in one layer, and so has memory per sequence.
///
/// That memory is keys and values at every position, or recurrent states of one size.
package enum MixerPlan: Sendable, HasTensors {
  case attention(AttentionPlan)
  case latent(LatentAttentionPlan)
  case convolution(ConvolutionPlan)

  var parts: [any HasTensors] {
    switch self {
    case .attention(let plan): [plan]
    case .latent(let plan): [plan]
    case .convolution(let plan): [plan]
    }
  }

  var columns: [BufferRole: Int] {
    switch self {
    case .attention(let plan): plan.columns
    case .latent(let plan): plan.columns
    case .convolution(let plan): plan.columns
    }
  }

  /// Shape and index of the keys and values that it looks at; nil for a recurrent mixer.
  var cache: (layout: KVLayerLayout, layer: Int)? {
    switch self {
    case .attention(let plan): (plan.layout, plan.cacheLayer)
    case .latent(let plan): (plan.layout, plan.cacheLayer)
    case .convolution: nil
    }
  }

  /// Values of each of its recurrent states, which are numbered over all layers in this order.
  var states: [Int] {
    guard case .convolution(let plan) = self else { return [] }
    return [plan.stateValues]
  }

  /// Whether it looks at keys and values that another layer stores.
  var readsKeysOfOthers: Bool {
    guard case .attention(let plan) = self else { return false }
    return plan.key == nil
  }

  /// Positions that a token looks back on; nil for all.
  package var window: Int? {
    guard case .attention(let plan) = self, case .causal(let window) = plan.mask else { return nil }
    return window
  }
}

/// What each token goes through by itself in one layer.
enum FeedForwardKind: Sendable, HasTensors {
  case dense(FeedForwardPlan)
  case experts(ExpertsPlan)
  case denseAndExperts(DenseAndExpertsPlan)

  var parts: [any HasTensors] {
    switch self {
    case .dense(let plan): [plan]
    case .experts(let plan): [plan]
    case .denseAndExperts(let plan): [plan]
    }
  }

  var columns: [BufferRole: Int] {
    switch self {
    case .dense(let plan): plan.columns
    case .experts(let plan): plan.columns
    case .denseAndExperts(let plan): plan.columns
    }
  }

  var experts: ExpertsPlan? {
    switch self {
    case .dense: nil
    case .experts(let plan): plan
    case .denseAndExperts(let plan): plan.experts
    }
  }
}

/// A dense layer and experts side by side (Gemma 4): each has a norm behind it, and the experts one before them.
struct DenseAndExpertsPlan: Sendable, HasTensors {
  var dense: FeedForwardPlan
  var denseNorm: NormPlan
  var routerNorm: NormPlan
  /// Factor on the router's input.
  var routerScale: Float
  var expertsInputNorm: NormPlan
  var experts: ExpertsPlan
  var expertsNorm: NormPlan

  var parts: [any HasTensors] { [dense, denseNorm, routerNorm, expertsInputNorm, experts, expertsNorm] }

  var columns: [BufferRole: Int] {
    var columns = dense.columns.merging(experts.columns) { max($0, $1) }
    columns[.shared] = dense.down.rows
    columns[.normedAgain] = dense.down.rows
    return columns
  }
}

/// One layer: a mixer and a feed-forward sublayer, each added to the residual stream.
package struct LayerPlan: Sendable, HasTensors {
  /// Norm of the mixer's input; nil where it reads the stream itself.
  var mixerNorm: NormPlan?
  package var mixer: MixerPlan
  /// Norm of what the mixer adds.
  var mixerOutputNorm: NormPlan?
  /// Whether that norm is of the sum of the stream and what the mixer gives, which the stream is then added to again.
  var normsMixedStream = false
  /// Norm of the stream behind the mixer (post-LayerNorm encoders).
  var mixerStreamNorm: NormPlan?
  /// Norm of the feed-forward sublayer's input; nil where it reads the stream, or with `isParallel` the mixer's input.
  var feedForwardNorm: NormPlan?
  var feedForward: FeedForwardKind
  var feedForwardOutputNorm: NormPlan?
  var feedForwardStreamNorm: NormPlan?
  /// Whether both sublayers read the stream as it was before the layer.
  var isParallel = false
  /// Factor on what the sublayers add.
  var residualScale: Float = 1
  var layerInput: LayerInputPlan?
  /// Nil in a network with one residual stream.
  var streams: LayerStreamsPlan?
  /// A branch beside the mixer.
  var lowRank: LowRankPlan?
  /// A tensor of one number that multiplies the stream behind the layer.
  var outputFactor: TensorPlan?

  var parts: [any HasTensors] { [streams, mixerNorm, mixer] }
  var laterParts: [any HasTensors] {
    [
      mixerOutputNorm, mixerStreamNorm, lowRank, feedForwardNorm, feedForward, feedForwardOutputNorm,
      feedForwardStreamNorm, layerInput, outputFactor,
    ]
  }

  var columns: [BufferRole: Int] {
    var columns = mixer.columns.merging(feedForward.columns) { max($0, $1) }
    if let layerInput {
      columns[.layerInput] = layerInput.gate.rows
      columns[.layerGate] = layerInput.gate.rows
    }
    if let lowRank { columns[.lowRank] = lowRank.down.rows }
    if isParallel, feedForwardNorm != nil { columns[.normedAgain] = feedForwardNorm?.gain?.columns ?? 0 }
    return columns
  }
}

/// A small input of its own for each layer, made from the token (Gemma 3n and 4):
/// `x += norm(projection(activation(gate(x)) · input))`.
struct LayerInputPlan: Sendable, HasTensors {
  /// Values of the inputs of all layers.
  var columns: Int
  var gate: ProjectionPlan
  var activation: Activation
  var projection: ProjectionPlan
  var norm: NormPlan

  var parts: [any HasTensors] { [gate, projection, norm] }
}
