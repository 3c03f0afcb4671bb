internal import ApusCore
internal import ApusGGUF

/// Command R: LayerNorm, both sublayers side by side, a factor on logits; norms of heads in the largest.
enum CommandR: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = cohereStyle(reader)
    style.logitScale = try reader.factor("logit_scale") ?? 1
    let blocks = try BlockReader(reader, style)
    var plan = try blocks.plan()
    try plan.editAttention { layer, attention in
      guard reader.tensors.contains("blk.\(layer).attn_q_norm.weight") else { return }
      attention.addHeadNorms(blocks, layer: layer)
    }
    return plan
  }
}

/// Command R7B and its family: a window and RoPE in three of four layers, neither in the fourth.
enum Cohere2: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = cohereStyle(reader)
    style.logitScale = try reader.factor("logit_scale") ?? 1
    style.windowPeriod = 4
    style.defaultWindow = 4096
    style.hasRope = { _, isWindowed in isWindowed }
    return try BlockReader(reader, style).plan()
  }
}

private func cohereStyle(_ reader: PlanReader) -> BlockStyle {
  var style = BlockStyle(.adjacent)
  style.norm = .layer
  style.isParallel = true
  return style
}
