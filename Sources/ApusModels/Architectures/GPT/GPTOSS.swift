internal import ApusCore
internal import ApusGGUF

/// gpt-oss (arXiv:2508.10925): experts with biases and a clamped gate, a window in every other layer, and a score for
/// each head that only takes probability away.
enum GPTOSS: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.feedForwardNormName = "post_attention_norm"
    style.windowPeriod = 2
    style.defaultWindow = 128
    style.experts = ExpertStyle(scoring: .softmaxOfChosen, isNormalized: false, activation: .clampedSwish)
    var plan = try BlockReader(reader, style).plan()
    try plan.editAttention { layer, attention in
      attention.sinks = TensorPlan("blk.\(layer).attn_sinks.weight", .bias, columns: attention.heads)
    }
    return plan
  }
}
