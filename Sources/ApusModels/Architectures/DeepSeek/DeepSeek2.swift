internal import ApusCore
internal import ApusGGUF

/// DeepSeek V2 and V3 (arXiv:2405.04434, 2412.19437) and models of their shape: multi-head latent attention, experts
/// in groups, one expert that all tokens go through.
enum DeepSeek2: Architecture {
  static let mayPredictFurther = true

  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(nil)
    style.experts = ExpertStyle(scoring: defaultScoring(reader), isNormalized: false)
    let blocks = try BlockReader(reader, style)
    let latent = try LatentReader(reader, blocks)
    var plan = try blocks.plan()
    plan.ropes = [latent.rope]
    for layer in plan.layers.indices { plan.layers[layer].mixer = .latent(latent.attention(layer)) }
    plan.cacheLayers = plan.layers.compactMap(\.mixer.cache?.layout)
    // Some files have both forms.
    plan.unusedTensors += plan.layers.indices.map { "blk.\($0).attn_kv_b." }
    return plan
  }

  /// Files of GLM-4.7-Flash, known by their size, do not state that their scores are logistic.
  private static func defaultScoring(_ reader: PlanReader) -> RoutingRule.Scoring {
    [47, 48].contains(reader.fileLayers) && reader.vocabularySize == 154_880 ? .sigmoid : .softmax
  }
}

/// Reads the numbers of latent attention.
private struct LatentReader {
  let reader: PlanReader
  let norm: NormParameters
  let heads: Int
  let keyDimension: Int
  let valueDimension: Int
  let rank: Int
  let queryRank: Int
  let rope: RopePlan
  let scale: Float
  let temperature: AttentionPlan.Temperature?

  init(_ reader: PlanReader, _ blocks: BlockReader) throws(GGUFError) {
    let keys = reader.keys
    self.reader = reader
    norm = blocks.norm
    let heads = blocks.shapes[0].heads
    self.heads = heads
    guard blocks.shapes.allSatisfy({ $0.heads == heads }) else {
      throw keys.error("attention.head_count", .unsupported, expected: "one value for all layers", found: "several")
    }
    rank = try keys.integer("attention.kv_lora_rank", 1...1 << 16)
    queryRank = try keys.integer("attention.q_lora_rank", 0...1 << 16, default: 0)
    // Files of 2024 state no others.
    let plain = blocks.shapes[0]
    keyDimension = try keys.integer("attention.key_length_mla", 2...1 << 16, default: plain.keyDimension)
    valueDimension = try keys.integer("attention.value_length_mla", 1...1 << 16, default: plain.valueDimension)
    var rope = try reader.rope(.adjacent, headDimension: keyDimension - 1, isPartial: true)
    scale = Self.scale(&rope.configuration, keyDimension)
    self.rope = rope
    temperature = try reader.temperature()
  }

  /// The factor on scores: YaRN's magnitude is here and not on cosine and sine.
  private static func scale(_ rope: inout RopeConfiguration, _ keyDimension: Int) -> Float {
    let plain = 1 / Float(keyDimension).squareRoot()
    guard case .yarn(var yarn) = rope.scaling, let multiplier = yarn.logMultiplier else { return plain }
    // Files hold a tenth of the paper's multiplier.
    let magnitude = 1 + multiplier * rope.logFactor
    yarn.logMultiplier = 1
    rope.scaling = .yarn(yarn)
    return plain * magnitude * magnitude
  }

  func attention(_ layer: Int) -> LatentAttentionPlan {
    let (prefix, hidden, ropeDimension) = ("blk.\(layer).", reader.hiddenSize, rope.configuration.dimensions)
    let plain = keyDimension - ropeDimension
    let hasRank = queryRank > 0
    return LatentAttentionPlan(
      heads: heads, plainDimension: plain, ropeDimension: ropeDimension, valueDimension: valueDimension, rank: rank,
      queryDown: hasRank ? reader.projection(prefix + "attn_q_a", rows: queryRank, columns: hidden) : nil,
      queryNorm: hasRank ? reader.norm(prefix + "attn_q_a_norm", norm, columns: queryRank) : nil,
      query: reader.projection(
        prefix + (hasRank ? "attn_q_b" : "attn_q"), rows: heads * keyDimension, columns: hasRank ? queryRank : hidden),
      latent: reader.projection(prefix + "attn_kv_a_mqa", rows: rank + ropeDimension, columns: hidden),
      latentNorm: reader.norm(prefix + "attn_kv_a_norm", norm, columns: rank),
      form: form(prefix, plain: plain), rope: 0, cacheLayer: layer, scale: scale, temperature: temperature,
      output: reader.projection(prefix + "attn_output", rows: hidden, columns: heads * valueDimension))
  }

  private func form(_ prefix: String, plain: Int) -> LatentAttentionPlan.Form {
    let expanded = prefix + "attn_kv_b"
    guard !reader.tensors.contains(expanded + ".weight") || reader.tensors.contains(prefix + "attn_k_b.weight") else {
      return .expanded(reader.projection(expanded, rows: heads * (plain + valueDimension), columns: rank))
    }
    func stack(_ name: String, rows: Int, columns: Int) -> TensorPlan {
      TensorPlan(prefix + name + ".weight", count: heads, rows: rows, columns: columns)
    }
    return .absorbed(
      keyUp: stack("attn_k_b", rows: rank, columns: plain),
      valueUp: stack("attn_v_b", rows: valueDimension, columns: rank))
  }
}
