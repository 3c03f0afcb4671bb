internal import ApusCore
internal import ApusGGUF

/// The Llama family (arXiv:2302.13971, 2307.09288, 2407.21783): Llama, Mistral, SmolLM2, TinyLlama; with experts
/// Mixtral (arXiv:2401.04088).
///
/// Pre-norm, RoPE, grouped-query attention, SwiGLU: what `BlockStyle` is unless set otherwise.
enum Llama: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.adjacent)
    style.allowsPartialRope = false
    style.attentionScale = try reader.factor("attention.scale")
    style.experts = ExpertStyle()
    return try BlockReader(reader, style).plan()
  }
}

/// SmolLM3: Llama without RoPE in each fourth layer.
enum SmolLM3: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.adjacent)
    style.hasRope = { layer, _ in (layer + 1) % 4 != 0 }
    return try BlockReader(reader, style).plan()
  }
}
