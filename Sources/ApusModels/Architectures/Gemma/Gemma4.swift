internal import ApusCore
internal import ApusGGUF

/// Gemma 4: two sizes of heads, layers that read the keys and values of others, an input of its own for each layer, and
/// experts beside a dense layer, each where the file has it.
enum Gemma4: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    let layers = try Gemma4Layers(reader)
    var plan = NetworkPlan(
      hiddenSize: reader.hiddenSize, vocabularySize: reader.vocabularySize,
      embedding: EmbeddingPlan(table: reader.tokenEmbedding, scale: Float(reader.hiddenSize).squareRoot()),
      output: OutputPlan(
        norm: reader.norm("output_norm", layers.norm, columns: reader.hiddenSize),
        // The default is that of the reference for a file without the key.
        head: .logits(
          LogitsPlan(
            projection: reader.logitProjection, cap: try reader.factor("final_logit_softcapping", default: 30)))))
    plan.embedding.layerInputs = layers.inputs
    plan.ropes = layers.ropes
    for layer in 0..<reader.layers {
      let attention = try layers.attention(layer, cacheLayers: plan.cacheLayers)
      if attention.key != nil { plan.cacheLayers.append(attention.layout) }
      plan.layers.append(try layers.layer(layer, attention))
    }
    plan.unusedTensors = (reader.layers..<reader.fileLayers).map { "blk.\($0)." }
    plan.allowKeys(in: plan.cacheLayers.count..<reader.layers)
    return plan
  }
}

/// Reads the layers of a Gemma 4.
private struct Gemma4Layers {
  let reader: PlanReader
  let norm: NormParameters
  let ropes: [RopePlan]
  private let windows: [Int?]
  private let shapes: [HeadShape]
  private let feedForwardSizes: [Int]
  private let sharedLayers: Int
  private let inputWidth: Int
  private let routing: RoutingReader?
  private let scale: Float

  init(_ reader: PlanReader) throws(GGUFError) {
    let keys = reader.keys
    self.reader = reader
    norm = NormParameters(.rms, epsilon: try reader.epsilon(.rms))
    windows = try reader.windows(period: 6)
    let (full, windowed) = try Self.headSizes(keys)
    shapes = zip(try reader.headCounts(), windows).map { counts, window in
      let size = window == nil ? full : windowed
      return HeadShape(heads: counts.all, kvHeads: counts.kv, keyDimension: size.key, valueDimension: size.value)
    }
    feedForwardSizes = try keys.integers("feed_forward_length", 1...1 << 24, layers: reader.fileLayers)
    sharedLayers = try keys.count("attention.shared_kv_layers", 0...max(0, reader.layers - 2), default: 0)
    inputWidth = try keys.integer("embedding_length_per_layer_input", 0...1 << 16, default: 0)
    routing = try RoutingReader(reader, ExpertStyle(activation: .gelu))
    scale = try reader.factor("attention.scale") ?? 1
    let rope = try reader.rope(.split, headDimension: full.key, isPartial: true)
    ropes = [rope, try reader.windowRope(beside: rope, base: 10_000, headDimension: windowed.key)]
  }

  private typealias HeadSize = (key: Int, value: Int)

  /// Sizes of heads in full layers and in windowed ones.
  private static func headSizes(_ keys: ConfigurationReader) throws(GGUFError) -> (full: HeadSize, windowed: HeadSize) {
    let range = PlanReader.headRange
    let key = try keys.integer("attention.key_length", range)
    let value = try keys.integer("attention.value_length", range, default: key)
    return (
      (key, value),
      (
        try keys.integer("attention.key_length_swa", range, default: key),
        try keys.integer("attention.value_length_swa", range, default: value)
      )
    )
  }

  /// The inputs of all layers, where the model has them.
  var inputs: LayerInputsPlan? {
    inputWidth > 0 ? inputReader.inputs : nil
  }

  private var inputReader: LayerInputReader { LayerInputReader(reader: reader, norm: norm, width: inputWidth) }

  /// Attention of one layer, where `cacheLayers` have keys and values already.
  func attention(_ index: Int, cacheLayers: [KVLayerLayout]) throws(GGUFError) -> AttentionPlan {
    let (prefix, shape, isWindowed) = ("blk.\(index).", shapes[index], windows[index] != nil)
    var plan = reader.attention(prefix, shape, cacheLayer: cacheLayers.count, scale: scale)
    plan.mask = .causal(window: windows[index])
    plan.rope = isWindowed ? 1 : 0
    plan.queryNorm = reader.headNorm(
      prefix + "attn_q_norm", norm, heads: shape.heads, columns: shape.keyDimension)
    let storing = reader.layers - sharedLayers
    guard index < storing else {
      (plan.key, plan.value, plan.cacheLayer) = (nil, nil, isWindowed ? storing - 2 : storing - 1)
      guard cacheLayers[plan.cacheLayer] == shape.layout else {
        throw reader.keys.error(
          "attention.shared_kv_layers", expected: "layers of one shape to share", found: "others in layer \(index)")
      }
      return plan
    }
    plan.keyNorm = reader.headNorm(
      prefix + "attn_k_norm", norm, heads: shape.kvHeads, columns: shape.keyDimension)
    plan.valueNorm = NormPlan(parameters: norm.grouped(by: shape.kvHeads))
    if !["attn_v.weight", "attn_qkv.weight"].contains(where: { reader.tensors.contains(prefix + $0) }) {
      plan.value = nil
      guard shape.keyDimension == shape.valueDimension else {
        throw reader.keys.error(
          "attention.value_length", expected: "the size of a key, as no tensor has values",
          found: "\(shape.valueDimension)")
      }
    }
    return plan
  }

  /// One layer around its attention.
  func layer(_ index: Int, _ attention: AttentionPlan) throws(GGUFError) -> LayerPlan {
    let (prefix, hidden) = ("blk.\(index).", reader.hiddenSize)
    func norm(_ name: String) -> NormPlan { reader.norm(prefix + name, self.norm, columns: hidden) }
    var layer = LayerPlan(
      mixerNorm: norm("attn_norm"), mixer: .attention(attention), mixerOutputNorm: norm("post_attention_norm"),
      feedForwardNorm: norm("ffn_norm"), feedForward: try feedForward(index, prefix),
      feedForwardOutputNorm: norm("post_ffw_norm"))
    if inputWidth > 0 { layer.layerInput = inputReader.input(index) }
    if reader.tensors.contains(prefix + "layer_output_scale.weight") {
      layer.outputFactor = TensorPlan(prefix + "layer_output_scale.weight", .gain, columns: 1)
    }
    return layer
  }

  private func feedForward(_ index: Int, _ prefix: String) throws(GGUFError) -> FeedForwardKind {
    let hidden = reader.hiddenSize
    let dense = reader.dense(prefix + "ffn", size: feedForwardSizes[index], activation: .gelu, isGated: true)
    guard let routing, routing.isRouted(index) else { return .dense(dense) }
    func norm(_ name: String) -> NormPlan { reader.norm(prefix + name, self.norm, columns: hidden) }
    var experts = try routing.experts(prefix, denseSize: 0)
    // Here this is no factor on the product but one for each value of the router's input.
    experts.router.factor = nil
    return .denseAndExperts(
      DenseAndExpertsPlan(
        dense: dense, denseNorm: norm("post_ffw_norm_1"),
        routerNorm: NormPlan(
          parameters: self.norm, gain: TensorPlan(prefix + "ffn_gate_inp.scale", .gain, columns: hidden)),
        routerScale: 1 / Float(hidden).squareRoot(), expertsInputNorm: norm("pre_ffw_norm_2"), experts: experts,
        expertsNorm: norm("post_ffw_norm_2")))
  }
}
