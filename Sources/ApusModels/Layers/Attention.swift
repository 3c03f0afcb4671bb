internal import ApusCore

/// Self-attention with grouped key and value heads (arXiv:2305.13245) and RoPE.
struct Attention {
  private let qkv: [Weight]
  private let biases: [Weight?]
  private let output: Projection
  private let parameters: AttentionParameters
  private let keyDimension: Int
  private let pairing: RopeParameters.Pairing

  init(_ configuration: ModelConfiguration, _ weights: WeightMap, prefix: String) throws(ModelError) {
    let hidden = configuration.hiddenSize
    let sizes = [
      ("q", configuration.heads * configuration.keyDimension),
      ("k", configuration.kvHeads * configuration.keyDimension),
      ("v", configuration.kvHeads * configuration.valueDimension),
    ]
    var (qkv, biases): ([Weight], [Weight?]) = ([], [])
    for (name, rows) in sizes {
      qkv.append(try weights.matrix("\(prefix).attn_\(name).weight", rows: rows, columns: hidden))
      biases.append(try weights.optionalBias("\(prefix).attn_\(name).bias", count: rows))
    }
    self.qkv = qkv
    self.biases = biases
    output = try Projection(
      weights, "\(prefix).attn_output", rows: hidden, columns: configuration.heads * configuration.valueDimension)
    parameters = AttentionParameters(
      heads: configuration.heads, scale: 1 / Float(configuration.keyDimension).squareRoot(),
      window: configuration.slidingWindow)
    keyDimension = configuration.keyDimension
    pairing = configuration.rope.pairing
  }

  /// Attends from the normed activations; what it adds to the residual stream is in `projected` then.
  func forward(_ step: borrowing ForwardStep, layer: Int) {
    let (backend, a) = (step.backend, step.activations)
    backend.matmul(a.normed, qkv, into: a.qkv)
    for (bias, x) in zip(biases, a.qkv) {
      if let bias { backend.addBias(bias, to: x) }
    }
    let (q, k, v) = (a.qkv[0], a.qkv[1], a.qkv[2])
    backend.rope(q, headDimension: keyDimension, table: a.ropeTable, pairing: pairing)
    backend.rope(k, headDimension: keyDimension, table: a.ropeTable, pairing: pairing)
    backend.store(k, v, in: step.cache, layer: layer, at: step.batch)
    backend.attention(q, over: step.cache, layer: layer, at: step.batch, parameters, into: a.attended)
    output.forward(a.attended, into: a.projected, backend)
  }
}
