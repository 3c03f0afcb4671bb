internal import ApusCore
internal import ApusGGUF

/// OLMo 2 and 3 (arXiv:2501.00656): norms only on what sublayers add, queries and keys normed as a whole.
///
/// OLMo 3 has a window in three of four layers, and scales RoPE only in the others.
enum OLMo2: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.placement = .after
    style.headNorm = .fullWidth
    style.windowPeriod = 4
    style.hasWindowRope = reader.keys.contains("attention.sliding_window")
    return try BlockReader(reader, style).plan()
  }
}

/// OLMoE (arXiv:2409.02060): experts, and queries and keys normed as a whole.
enum OLMoE: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.headNorm = .fullWidth
    style.experts = ExpertStyle(isNormalized: false)
    return try BlockReader(reader, style).plan()
  }
}
