internal import ApusCore
internal import ApusGGUF

/// Makes the plan of a network whose layers are of one style.
struct BlockReader {
  let reader: PlanReader
  let style: BlockStyle
  let norm: NormParameters
  let shapes: [HeadShape]
  let windows: [Int?]
  let feedForwardSizes: [Int]
  let routing: RoutingReader?

  init(_ reader: PlanReader, _ style: BlockStyle) throws(GGUFError) {
    self.reader = reader
    self.style = style
    norm = NormParameters(style.norm, epsilon: try reader.epsilon(style.norm))
    shapes = try reader.headShapes()
    // Read even where it is ignored, so that a bad value is refused.
    let windows = try reader.windows(
      period: style.windowPeriod, default: style.defaultWindow, startsWithoutWindow: style.startsPeriodWithoutWindow)
    self.windows = style.ignoresWindow ? windows.map { _ in nil } : windows
    routing = try style.experts.flatMap { style throws(GGUFError) in try RoutingReader(reader, style) }
    feedForwardSizes = try reader.keys.integers(
      "feed_forward_length", (routing == nil ? 1 : 0)...1 << 24, layers: reader.fileLayers,
      default: routing == nil ? nil : 0)
  }

  /// The whole network.
  func plan() throws(GGUFError) -> NetworkPlan {
    let norm = norm
    var plan = NetworkPlan(
      hiddenSize: reader.hiddenSize, vocabularySize: reader.vocabularySize,
      embedding: EmbeddingPlan(table: reader.tokenEmbedding, scale: style.embeddingScale),
      output: OutputPlan(
        norm: reader.norm("output_norm", norm, columns: reader.hiddenSize),
        head: .logits(
          LogitsPlan(projection: reader.logitProjection, scale: style.logitScale, cap: style.logitCap))))
    plan.ropes = try ropes()
    plan.cacheLayers = shapes.map(\.layout)
    for layer in 0..<reader.layers { plan.layers.append(try self.layer(layer)) }
    plan.unusedTensors = (reader.layers..<reader.fileLayers).map { "blk.\($0)." }
    return plan
  }

  /// RoPE of layers without a window, or of all; then that of layers with one.
  private func ropes() throws(GGUFError) -> [RopePlan] {
    guard let pairing = style.pairing, let shape = shapes.first else { return [] }
    var ropes = [try reader.rope(pairing, headDimension: shape.keyDimension, isPartial: style.allowsPartialRope)]
    if let base = style.windowRopeBase {
      var local = ropes[0]
      local.configuration.base = try reader.keys.number("rope.freq_base_swa", "a number above 1", default: base) {
        $0 > 1
      }
      local.configuration.scaling = .none
      local.configuration.attentionFactor = 1
      ropes.append(local)
    }
    return ropes
  }

  /// One layer.
  private func layer(_ index: Int) throws(GGUFError) -> LayerPlan {
    let prefix = "blk.\(index)."
    let hidden = reader.hiddenSize
    func norm(_ name: String) -> NormPlan { reader.norm(prefix + name, self.norm, columns: hidden) }
    var layer = LayerPlan(
      mixer: .attention(attention(index)), feedForward: try feedForward(index), isParallel: style.isParallel,
      residualScale: style.residualScale)
    if style.placement == .before || style.placement == .around {
      layer.mixerNorm = norm("attn_norm")
      if !style.isParallel { layer.feedForwardNorm = norm(style.feedForwardNormName) }
    }
    if style.placement == .after || style.placement == .around {
      layer.mixerOutputNorm = norm("post_attention_norm")
      layer.feedForwardOutputNorm = norm("post_ffw_norm")
    }
    if style.placement == .behind {
      layer.mixerStreamNorm = norm("attn_output_norm")
      layer.feedForwardStreamNorm = norm("layer_output_norm")
    }
    return layer
  }
}

extension BlockReader {
  /// The attention of one layer.
  func attention(_ index: Int) -> AttentionPlan {
    let (prefix, shape, window) = ("blk.\(index).", shapes[index], windows[index])
    let (query, key, value) = projections(prefix, shape)
    var plan = AttentionPlan(
      heads: shape.heads, query: query, key: key, value: value, layout: shape.layout, cacheLayer: index,
      scale: style.attentionScale ?? 1 / Float(shape.keyDimension).squareRoot(),
      output: reader.projection(
        prefix + "attn_output", rows: reader.hiddenSize, columns: shape.heads * shape.valueDimension))
    plan.mask = .causal(window: window)
    plan.softCap = style.attentionCap
    if style.pairing != nil, style.hasRope(index, window != nil) {
      plan.rope = window != nil && style.windowRopeBase != nil ? 1 : 0
    }
    switch style.headNorm {
    case .none: break
    case .perHead:
      plan.queryNorm = headNorm(prefix + "attn_q_norm", heads: shape.heads, columns: shape.keyDimension)
      plan.keyNorm = headNorm(prefix + "attn_k_norm", heads: shape.kvHeads, columns: shape.keyDimension)
    case .fullWidth:
      plan.queryNorm = reader.norm(prefix + "attn_q_norm", norm, columns: shape.queryColumns)
      plan.keyNorm = reader.norm(prefix + "attn_k_norm", norm, columns: shape.keyColumns)
    }
    return plan
  }

  /// A norm of `heads` heads by one gain.
  func headNorm(_ name: String, heads: Int, columns: Int) -> NormPlan {
    reader.norm(name, groups(heads), columns: columns)
  }

  /// The norm in `heads` groups.
  func groups(_ heads: Int) -> NormParameters {
    var parameters = norm
    parameters.groups = heads
    return parameters
  }

  /// Projections to queries, keys and values: three tensors, or parts of one.
  private func projections(
    _ prefix: String, _ shape: HeadShape
  ) -> (query: ProjectionPlan, key: ProjectionPlan, value: ProjectionPlan) {
    let hidden = reader.hiddenSize
    let (q, k, v) = (shape.queryColumns, shape.keyColumns, shape.valueColumns)
    if reader.tensors.contains(prefix + "attn_qkv.weight") {
      let fused = reader.projection(prefix + "attn_qkv", rows: q + k + v, columns: hidden)
      return (fused.slice(0..<q), fused.slice(q..<q + k), fused.slice(q + k..<q + k + v))
    }
    return (
      reader.projection(prefix + "attn_q", rows: q, columns: hidden),
      reader.projection(prefix + "attn_k", rows: k, columns: hidden),
      reader.projection(prefix + "attn_v", rows: v, columns: hidden)
    )
  }

  /// The feed-forward sublayer of one layer.
  private func feedForward(_ index: Int) throws(GGUFError) -> FeedForwardKind {
    if let routing, routing.isRouted(index) {
      return .experts(try routing.experts("blk.\(index).", denseSize: feedForwardSizes[index]))
    }
    guard feedForwardSizes[index] > 0 else {
      throw reader.keys.error("feed_forward_length", expected: "a size above 0 for layer \(index)", found: "0")
    }
    return .dense(
      reader.dense(
        "blk.\(index).ffn", size: feedForwardSizes[index], activation: style.activation, isGated: style.isGated,
        isFused: style.hasFusedGate))
  }
}

extension PlanReader {
  /// A dense feed-forward sublayer of `<prefix>_gate`, `<prefix>_up` and `<prefix>_down`, with `suffix` behind each.
  ///
  /// Where gate and up are one tensor, `<prefix>_up`, the gate is the first half of its rows.
  func dense(
    _ prefix: String, size: Int, activation: Activation, isGated: Bool, isFused: Bool = false, suffix: String = ""
  ) -> FeedForwardPlan {
    func projection(_ name: String, rows: Int, columns: Int) -> ProjectionPlan {
      self.projection(prefix + "_" + name + suffix, rows: rows, columns: columns)
    }
    let down = projection("down", rows: hiddenSize, columns: size)
    if isGated, isFused, !tensors.contains(prefix + "_gate" + suffix + ".weight") {
      let fused = projection("up", rows: 2 * size, columns: hiddenSize)
      return FeedForwardPlan(
        gate: fused.slice(0..<size), up: fused.slice(size..<2 * size), activation: activation, down: down)
    }
    return FeedForwardPlan(
      gate: isGated ? projection("gate", rows: size, columns: hiddenSize) : nil,
      up: projection("up", rows: size, columns: hiddenSize), activation: activation, down: down)
  }

  /// RoPE with the divisors that the file has.
  func rope(
    _ pairing: RopeParameters.Pairing, headDimension: Int, isPartial: Bool
  ) throws(GGUFError) -> RopePlan {
    let configuration = try RopeConfiguration(
      keys, pairing: pairing, headDimension: headDimension, isPartial: isPartial, contextLength: contextLength)
    var rope = RopePlan(configuration: configuration)
    func divisors(_ name: String) -> TensorPlan? {
      tensors.contains(name) ? TensorPlan(name, .bias, columns: configuration.dimensions / 2) : nil
    }
    rope.divisors = divisors("rope_freqs.weight") ?? divisors("rope_factors_short.weight")
    if let long = divisors("rope_factors_long.weight") {
      let original = try keys.integer(
        "rope.scaling.original_context_length", 1...Int(Int32.max), default: contextLength)
      rope.longDivisors = (original, long)
    }
    return rope
  }
}
