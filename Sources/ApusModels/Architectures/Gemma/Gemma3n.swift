internal import ApusCore
internal import ApusGGUF

/// Gemma 3n: several residual streams of which layers compute one, a branch of low rank beside attention, an input of
/// its own for each layer, sparse gates in the first layers, and last layers that read the keys and values of others.
enum Gemma3n: Architecture {
  /// Layers with keys and values of their own, where the file does not say it.
  private static let storingLayers = 20
  /// The cap on logits, whatever the file says: that of the reference.
  private static let logitCap: Float = 30

  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = gemmaStyle(reader)
    style.placement = .around
    style.headNorm = .perHead
    style.attentionScale = 1
    style.windowPeriod = 5
    (style.hasWindowRope, style.windowRopeBase) = (true, 10_000)
    _ = try reader.factor("final_logit_softcapping")
    style.logitCap = logitCap
    let blocks = try BlockReader(reader, style)
    var plan = try blocks.plan()
    try share(&plan, blocks)
    try sparsify(&plan, reader)
    try Gemma3nStreams(reader, blocks.norm).add(to: &plan)
    let width = try reader.keys.integer("embedding_length_per_layer_input", 1...1 << 16, default: 256)
    let inputs = LayerInputReader(reader: reader, norm: blocks.norm, width: width)
    plan.embedding.layerInputs = inputs.inputs
    for layer in plan.layers.indices { plan.layers[layer].layerInput = inputs.input(layer) }
    return plan
  }

  /// Lets the last layers read the keys and values of the last ones before them with the same window.
  private static func share(_ plan: inout NetworkPlan, _ blocks: BlockReader) throws(GGUFError) {
    let (reader, layers) = (blocks.reader, plan.layers.count)
    // The first files had it as a float.
    let shared = try reader.keys.count(
      "attention.shared_kv_layers", 0...max(0, layers - 1), default: max(0, layers - storingLayers))
    let storing = layers - shared
    let windows = plan.layers.map(\.mixer.window)
    try plan.editAttention { layer, attention throws(GGUFError) in
      guard layer >= storing else {
        attention.valueNorm = NormPlan(parameters: blocks.norm.grouped(by: attention.layout.kvHeads))
        return
      }
      guard let source = (0..<storing).last(where: { windows[$0] == windows[layer] }),
        blocks.shapes[source].layout == attention.layout
      else {
        throw reader.keys.error(
          "attention.shared_kv_layers", expected: "a layer before them of the same window and shape to read from",
          found: "none for layer \(layer)")
      }
      (attention.key, attention.value, attention.keyNorm, attention.cacheLayer) = (nil, nil, nil, source)
    }
    plan.cacheLayers = Array(plan.cacheLayers.prefix(storing))
    plan.allowKeys(in: storing..<layers)
  }

  /// Cuts the gates of the layers that the file names, or else of the first ones.
  private static func sparsify(_ plan: inout NetworkPlan, _ reader: PlanReader) throws(GGUFError) {
    let deviations = try reader.gateDeviations()
    for layer in plan.layers.indices {
      guard let deviations = deviations[layer], case .dense(var feedForward) = plan.layers[layer].feedForward else {
        continue
      }
      guard feedForward.up.rows > 1 else {
        throw reader.keys.error("feed_forward_length", expected: "2 or more where gates are sparse", found: "1")
      }
      feedForward.gateDeviations = deviations
      plan.layers[layer].feedForward = .dense(feedForward)
    }
  }
}

extension PlanReader {
  /// For each layer where its gate is cut, in standard deviations above the mean; nil where it is not.
  fileprivate func gateDeviations() throws(GGUFError) -> [Float?] {
    // 95 of 100 values of a normal distribution lie below it.
    let (name, standard, sparseLayers) = ("activation_sparsity_scale", Float(1.644_853_6), 10)
    guard let values = try keys.numbers(name, layers: fileLayers) else {
      return (0..<layers).map { $0 < sparseLayers ? standard : nil }
    }
    // Minus infinity is the place below which nothing lies.
    return try values.map { value throws(GGUFError) in
      guard value > -.infinity else { return nil }
      guard value.isFinite else { throw keys.error(name, expected: "finite numbers", found: "\(value)") }
      return value
    }
  }
}

/// Reads the residual streams, and the branch of low rank.
private struct Gemma3nStreams {
  let reader: PlanReader
  let norm: NormParameters
  let count: Int

  init(_ reader: PlanReader, _ norm: NormParameters) throws(GGUFError) {
    self.reader = reader
    self.norm = norm
    count = try reader.keys.integer("altup.num_inputs", 2...64, default: 4)
    let active = try reader.keys.integer("altup.active_idx", 0...count - 1, default: 0)
    guard active == 0 else {
      throw reader.keys.error(
        "altup.active_idx", .unsupported, expected: "0: layers that compute the first stream", found: "\(active)")
    }
  }

  func add(to plan: inout NetworkPlan) {
    let (hidden, others) = (reader.hiddenSize, count - 1)
    var begin = TensorPlan("altup_proj.weight", rows: others * hidden, columns: hidden)
    begin.fileDimensions = [hidden, hidden, others]
    plan.streams = StreamsPlan(
      count: count, hiddenSize: hidden, begin: begin,
      end: TensorPlan("altup_unembd_proj.weight", count: others, rows: hidden, columns: hidden))
    for layer in plan.layers.indices {
      plan.layers[layer].streams = streams("blk.\(layer).")
      plan.layers[layer].lowRank = lowRank("blk.\(layer).")
    }
  }

  private func streams(_ prefix: String) -> LayerStreamsPlan {
    let hidden = reader.hiddenSize
    return LayerStreamsPlan(
      count: count, routerNorm: reader.norm(prefix + "altup_router_norm", norm, columns: hidden),
      routerScale: 1 / Float(hidden), router: reader.projection(prefix + "altup_router", rows: count, columns: hidden),
      predict: reader.projection(prefix + "altup_predict_coef", rows: count * count, columns: count),
      correct: reader.projection(prefix + "altup_correct_coef", rows: count, columns: count),
      inputFactors: TensorPlan(prefix + "altup_correct_scale.weight", .gain, columns: hidden))
  }

  private func lowRank(_ prefix: String) -> LowRankPlan {
    let (hidden, rank) = (reader.hiddenSize, reader.tensors.rows(of: prefix + "laurel_l.weight") ?? 64)
    return LowRankPlan(
      down: reader.projection(prefix + "laurel_l", rows: rank, columns: hidden),
      up: reader.projection(prefix + "laurel_r", rows: hidden, columns: rank),
      norm: reader.norm(prefix + "laurel_post_norm", norm, columns: hidden))
  }
}
