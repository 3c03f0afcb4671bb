internal import ApusCore
internal import ApusGGUF

/// Qwen2 and Qwen2.5 (arXiv:2407.10671): Llama with other pairs in RoPE and with biases of queries, keys and values.
enum Qwen2: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    try BlockReader(reader, BlockStyle(.split)).plan()
  }
}

/// Qwen2 with experts, and one that all tokens go through, weighed by a gate of its own.
enum Qwen2MoE: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.experts = ExpertStyle(isNormalized: false)
    return try BlockReader(reader, style).plan()
  }
}

/// Qwen3 (arXiv:2505.09388): queries and keys are normed head by head.
enum Qwen3: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.headNorm = .perHead
    return try BlockReader(reader, style).plan()
  }
}

/// Qwen3 with experts.
enum Qwen3MoE: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.headNorm = .perHead
    style.experts = ExpertStyle()
    return try BlockReader(reader, style).plan()
  }
}

/// Seed-OSS: Qwen2 with another name for the second norm.
enum SeedOSS: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.feedForwardNormName = "post_attention_norm"
    return try BlockReader(reader, style).plan()
  }
}
