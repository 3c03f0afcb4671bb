internal import ApusCore
internal import ApusGGUF

/// GPT-2: LayerNorm, learned positions, GELU without a gate, biases everywhere.
enum GPT2: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(nil)
    style.norm = .layer
    style.isGated = false
    style.activation = .gelu
    var plan = try BlockReader(reader, style).plan()
    plan.embedding.positions = reader.positionEmbedding
    return plan
  }
}
