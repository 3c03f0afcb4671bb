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
    shapes = try reader.headShapes(allowsNone: style.allowsOtherMixers)
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
    let rope = try reader.rope(pairing, headDimension: shape.keyDimension, isPartial: style.allowsPartialRope)
    guard style.hasWindowRope else { return [rope] }
    return [rope, try reader.windowRope(beside: rope, base: style.windowRopeBase, headDimension: shape.keyDimension)]
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
    var plan = reader.attention(
      prefix, shape, cacheLayer: index, scale: style.attentionScale ?? 1 / Float(shape.keyDimension).squareRoot())
    plan.mask = .causal(window: window)
    plan.softCap = style.attentionCap
    if style.pairing != nil, style.hasRope(index, window != nil) {
      plan.rope = window != nil && style.hasWindowRope ? 1 : 0
    }
    switch style.headNorm {
    case .none: break
    case .perHead:
      plan.queryNorm = reader.headNorm(prefix + "attn_q_norm", norm, heads: shape.heads, columns: shape.keyDimension)
      plan.keyNorm = reader.headNorm(prefix + "attn_k_norm", norm, heads: shape.kvHeads, columns: shape.keyDimension)
    case .fullWidth:
      plan.queryNorm = reader.norm(prefix + "attn_q_norm", norm, columns: shape.queryColumns)
      plan.keyNorm = reader.norm(prefix + "attn_k_norm", norm, columns: shape.keyColumns)
    }
    return plan
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
