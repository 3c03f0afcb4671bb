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
    return plan
  }
}

/// Reads the layers of a Gemma 4.
private struct Gemma4Layers {
  let reader: PlanReader
  let norm: NormParameters
  let ropes: [RopePlan]
  private let windows: [Int?]
  private let heads: [Int]
  private let kvHeads: [Int]
  private let keyDimensions: (full: Int, windowed: Int)
  private let valueDimensions: (full: Int, windowed: Int)
  private let feedForwardSizes: [Int]
  private let sharedLayers: Int
  private let inputWidth: Int
  private let routing: RoutingReader?
  private let scale: Float

  init(_ reader: PlanReader) throws(GGUFError) {
    let (keys, sizes) = (reader.keys, 1...1 << 16)
    self.reader = reader
    norm = NormParameters(.rms, epsilon: try reader.epsilon(.rms))
    windows = try reader.windows(period: 6)
    heads = try keys.integers("attention.head_count", sizes, layers: reader.fileLayers)
    kvHeads =
      keys.contains("attention.head_count_kv")
      ? try keys.integers("attention.head_count_kv", sizes, layers: reader.fileLayers) : heads
    for (heads, kvHeads) in zip(heads, kvHeads) where !heads.isMultiple(of: kvHeads) {
      throw keys.error("attention.head_count_kv", expected: "a divisor of the \(heads) heads", found: "\(kvHeads)")
    }
    let key = try keys.integer("attention.key_length", sizes)
    let value = try keys.integer("attention.value_length", sizes, default: key)
    keyDimensions = (key, try keys.integer("attention.key_length_swa", sizes, default: key))
    valueDimensions = (value, try keys.integer("attention.value_length_swa", sizes, default: value))
    feedForwardSizes = try keys.integers("feed_forward_length", 1...1 << 24, layers: reader.fileLayers)
    sharedLayers = try keys.integer("attention.shared_kv_layers", 0...max(0, reader.layers - 2), default: 0)
    inputWidth = try keys.integer("embedding_length_per_layer_input", 0...1 << 16, default: 0)
    routing = try RoutingReader(reader, ExpertStyle(activation: .gelu))
    scale = try reader.factor("attention.scale") ?? 1
    ropes = try Self.ropes(reader, windowed: keyDimensions.windowed, full: keyDimensions.full)
  }

  /// RoPE of full layers, with the file's divisors, and of windowed ones.
  private static func ropes(_ reader: PlanReader, windowed: Int, full: Int) throws(GGUFError) -> [RopePlan] {
    let rope = try reader.rope(.split, headDimension: full, isPartial: true)
    var local = RopePlan(configuration: rope.configuration)
    local.configuration.scaling = .none
    local.configuration.attentionFactor = 1
    local.configuration.base = try reader.keys.number("rope.freq_base_swa", "a number above 1", default: 10_000) {
      $0 > 1
    }
    let dimensions = try reader.keys.integer("rope.dimension_count_swa", 0...Int(UInt32.max), default: windowed)
    guard dimensions >= 2, dimensions <= windowed, dimensions.isMultiple(of: 2) else {
      throw reader.keys.error(
        "rope.dimension_count_swa", expected: "at most the \(windowed) values of a key head, an even number",
        found: "\(dimensions)")
    }
    local.configuration.dimensions = dimensions
    return [rope, local]
  }

  /// The inputs of all layers, where the model has them.
  var inputs: LayerInputsPlan? {
    inputWidth > 0 ? inputReader.inputs : nil
  }

  private var inputReader: LayerInputReader { LayerInputReader(reader: reader, norm: norm, width: inputWidth) }

  /// Attention of one layer, where `cacheLayers` have keys and values already.
  func attention(_ index: Int, cacheLayers: [KVLayerLayout]) throws(GGUFError) -> AttentionPlan {
    let (prefix, hidden, isWindowed) = ("blk.\(index).", reader.hiddenSize, windows[index] != nil)
    let key = isWindowed ? keyDimensions.windowed : keyDimensions.full
    let value = isWindowed ? valueDimensions.windowed : valueDimensions.full
    let (heads, kvHeads) = (heads[index], kvHeads[index])
    let layout = KVLayerLayout(kvHeads: kvHeads, keyDimension: key, valueDimension: value)
    var plan = AttentionPlan(
      heads: heads, query: reader.projection(prefix + "attn_q", rows: heads * key, columns: hidden), layout: layout,
      cacheLayer: cacheLayers.count, scale: scale,
      output: reader.projection(prefix + "attn_output", rows: hidden, columns: heads * value))
    plan.mask = .causal(window: windows[index])
    plan.rope = isWindowed ? 1 : 0
    plan.queryNorm = headNorm(prefix + "attn_q_norm", heads: heads, columns: key)
    let storing = reader.layers - sharedLayers
    guard index < storing else {
      plan.cacheLayer = isWindowed ? storing - 2 : storing - 1
      guard cacheLayers[plan.cacheLayer] == layout else {
        throw reader.keys.error(
          "attention.shared_kv_layers", expected: "layers of one shape to share", found: "others in layer \(index)")
      }
      return plan
    }
    plan.key = reader.projection(prefix + "attn_k", rows: kvHeads * key, columns: hidden)
    plan.keyNorm = headNorm(prefix + "attn_k_norm", heads: kvHeads, columns: key)
    plan.valueNorm = NormPlan(parameters: groups(kvHeads))
    if reader.tensors.contains(prefix + "attn_v.weight") {
      plan.value = reader.projection(prefix + "attn_v", rows: kvHeads * value, columns: hidden)
    } else if key != value {
      throw reader.keys.error(
        "attention.value_length", expected: "the size of a key, as no tensor has values", found: "\(value)")
    }
    return plan
  }

  private func groups(_ heads: Int) -> NormParameters {
    var parameters = norm
    parameters.groups = heads
    return parameters
  }

  private func headNorm(_ name: String, heads: Int, columns: Int) -> NormPlan {
    reader.norm(name, groups(heads), columns: columns)
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
      layer.outputFactor = TensorPlan(prefix + "layer_output_scale.weight", .bias, columns: 1)
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
