internal import ApusCore

/// The feed-forward sublayer with SwiGLU (arXiv:2002.05202): `down(silu(gate(x)) · up(x))`.
struct FeedForward {
  private let gateUp: [Weight]
  private let biases: [Weight?]
  private let down: Projection

  init(_ configuration: ModelConfiguration, _ weights: WeightMap, prefix: String) throws(ModelError) {
    let (hidden, inner) = (configuration.hiddenSize, configuration.feedForwardSize)
    gateUp = [
      try weights.matrix("\(prefix).ffn_gate.weight", rows: inner, columns: hidden),
      try weights.matrix("\(prefix).ffn_up.weight", rows: inner, columns: hidden),
    ]
    biases = [
      try weights.optionalBias("\(prefix).ffn_gate.bias", count: inner),
      try weights.optionalBias("\(prefix).ffn_up.bias", count: inner),
    ]
    down = try Projection(weights, "\(prefix).ffn_down", rows: hidden, columns: inner)
  }

  /// Works on the normed activations; what it adds to the residual stream is in `projected` then.
  func forward(_ step: borrowing ForwardStep) {
    let (backend, a) = (step.backend, step.activations)
    backend.matmul(a.normed, gateUp, into: a.gateUp)
    for (bias, x) in zip(biases, a.gateUp) {
      if let bias { backend.addBias(bias, to: x) }
    }
    let (gate, up) = (a.gateUp[0], a.gateUp[1])
    backend.swiGLU(gate: gate, up: up)
    down.forward(up, into: a.projected, backend)
  }
}
