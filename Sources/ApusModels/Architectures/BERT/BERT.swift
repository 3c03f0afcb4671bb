internal import ApusCore
internal import ApusGGUF

/// BERT (arXiv:1810.04805) and what is built like it: MiniLM, BGE, E5, XLM-R.
enum BERT: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(nil)
    style.activation = .gelu
    style.isGated = false
    var plan = try reader.postNormEncoder(style)
    plan.embedding.positions = reader.positionEmbedding
    return plan
  }
}

/// Nomic's BERT (arXiv:2402.01613): RoPE in place of learned positions, SiLU in a gate.
enum NomicBERT: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    try reader.postNormEncoder(BlockStyle(.split))
  }
}

/// Nomic's BERT with experts in every n-th layer (arXiv:2502.07972); neither these nor the dense layers have a gate.
enum NomicBERTMoE: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    let period = try reader.keys.integer("moe_every_n_layers", 0...1024, default: 0)
    var style = BlockStyle(.split)
    style.activation = .gelu
    style.isGated = false
    if period > 0 {
      style.experts = ExpertStyle(
        isNormalized: false, activation: .gelu, isGated: false, isRouted: { $0 % period == 1 })
    }
    return try reader.postNormEncoder(style)
  }
}
