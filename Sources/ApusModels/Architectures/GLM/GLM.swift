internal import ApusCore
internal import ApusGGUF

/// GLM-4 (arXiv:2406.12793): norms around each sublayer, RoPE of half a head, one tensor for gate and up.
enum GLM4: Architecture {
  static let mayPredictFurther = true

  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    // Files whose RoPE has sections, for images, have their rows in the order of halves.
    let hasSections = try reader.hasRopeSections()
    var style = BlockStyle(hasSections ? .split : .adjacent)
    style.placement = .around
    style.hasFusedGate = true
    return try BlockReader(reader, style).plan()
  }
}

extension PlanReader {
  /// Whether RoPE turns parts of a head by positions in time, height and width; for text they are one.
  fileprivate func hasRopeSections() throws(GGUFError) -> Bool {
    guard let sections = try keys.metadata.ints(keys.key("rope.dimension_sections")) else { return false }
    return sections.contains { $0 > 0 }
  }
}

/// GLM-4.5 and later (arXiv:2508.06471): experts chosen by biased logistic scores; norms of heads in the largest.
enum GLM4MoE: Architecture {
  static let mayPredictFurther = true

  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.feedForwardNormName = "post_attention_norm"
    style.experts = ExpertStyle(scoring: .sigmoid)
    if reader.tensors.contains("blk.0.attn_q_norm.weight") { style.headNorm = .perHead }
    return try BlockReader(reader, style).plan()
  }
}
