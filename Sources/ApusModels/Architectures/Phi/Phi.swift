internal import ApusCore
internal import ApusGGUF

/// Phi-2: LayerNorm, both sublayers side by side, GELU without a gate, RoPE of a part of each head.
enum Phi2: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.norm = .layer
    style.isParallel = true
    style.isGated = false
    style.activation = .gelu
    return try BlockReader(reader, style).plan()
  }
}

/// Phi-3, 3.5 and 4 (arXiv:2404.14219): fused projections, LongRoPE.
///
/// The reference does not apply the window that files state; neither do we.
enum Phi3: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.ignoresWindow = true
    style.hasFusedGate = true
    return try BlockReader(reader, style).plan()
  }
}
