internal import ApusCore
internal import ApusGGUF

/// GLM-4 (arXiv:2406.12793): norms around each sublayer, RoPE of half a head, one tensor for gate and up.
enum GLM4: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.adjacent)
    style.placement = .around
    style.allowsPartialRope = true
    style.hasFusedGate = true
    return try BlockReader(reader, style).plan()
  }
}

/// GLM-4.5 and later (arXiv:2508.06471): experts chosen by biased logistic scores; norms of heads in the largest.
enum GLM4MoE: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.allowsPartialRope = true
    style.feedForwardNormName = "post_attention_norm"
    style.experts = ExpertStyle(scoring: .sigmoid)
    if reader.tensors.contains("blk.0.attn_q_norm.weight") { style.headNorm = .perHead }
    return try BlockReader(reader, style).plan()
  }
}
