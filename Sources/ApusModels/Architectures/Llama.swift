internal import ApusCore

/// The Llama family (arXiv:2302.13971, 2307.09288, 2407.21783): Llama, Mistral, SmolLM2, TinyLlama, and Qwen2.
///
/// Pre-norm, RoPE, grouped-query attention, SwiGLU; biases where the file has them.
final class Llama: Architecture {
  private struct Layer {
    let attentionNorm: Weight
    let attention: Attention
    let feedForwardNorm: Weight
    let feedForward: FeedForward
  }

  private let embedding: Weight
  private let layers: [Layer]
  private let outputNorm: Weight
  let output: Weight
  private let rope: RopeParameters
  private let epsilon: Float

  init(_ configuration: ModelConfiguration, _ weights: WeightMap) throws(ModelError) {
    let (hidden, vocabulary) = (configuration.hiddenSize, configuration.vocabularySize)
    embedding = try weights.vocabulary("token_embd.weight", rows: vocabulary, columns: hidden)
    var layers: [Layer] = []
    for index in 0..<configuration.layers {
      let prefix = "blk.\(index)"
      layers.append(
        Layer(
          attentionNorm: try weights.gain("\(prefix).attn_norm.weight", count: hidden),
          attention: try Attention(configuration, weights, prefix: prefix),
          feedForwardNorm: try weights.gain("\(prefix).ffn_norm.weight", count: hidden),
          feedForward: try FeedForward(configuration, weights, prefix: prefix)))
    }
    self.layers = layers
    outputNorm = try weights.gain("output_norm.weight", count: hidden)
    // A model without an output matrix uses its embedding for both.
    output =
      weights.contains("output.weight")
      ? try weights.vocabulary("output.weight", rows: vocabulary, columns: hidden) : embedding
    let divisors = try weights.optionalPositiveValues("rope_freqs.weight", count: configuration.rope.dimensions / 2)
    rope = configuration.rope.parameters(divisors: divisors)
    epsilon = configuration.rmsEpsilon
  }

  func forward(_ step: borrowing ForwardStep) {
    let (backend, a) = (step.backend, step.activations)
    backend.embed(step.tokens, from: embedding, into: a.x)
    backend.ropeTable(rope, for: step.batch, into: a.ropeTable)
    var x = a.x
    for (index, layer) in layers.enumerated() {
      backend.rmsNorm(x, gain: layer.attentionNorm, epsilon: epsilon, into: a.normed)
      layer.attention.forward(step, layer: index)
      backend.add(a.projected[0], to: x)

      // After the last attention no row depends on another: only those whose logits are wanted go on.
      if index == layers.count - 1 {
        guard !step.keptRows.isEmpty else { return }
        x = step.keepRows(of: x)
      }
      backend.rmsNorm(x, gain: layer.feedForwardNorm, epsilon: epsilon, into: a.normed)
      layer.feedForward.forward(step)
      backend.add(a.projected[0], to: x)
    }
    backend.rmsNorm(x, gain: outputNorm, epsilon: epsilon, into: a.normed)
  }
}
