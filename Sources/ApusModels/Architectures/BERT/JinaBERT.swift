internal import ApusCore
internal import ApusGGUF

/// Jina's second BERT (arXiv:2310.19923): ALiBi in place of positions, GELU in a gate.
///
/// The form for code has norms of queries and keys, and a second norm of the stream behind attention.
enum JinaBERT2: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(nil)
    style.activation = .gelu
    style.isGated = try isGated(reader)
    style.hasFusedGate = true
    if reader.tensors.contains("blk.0.attn_q_norm.weight") { style.headNorm = .fullWidth }
    var plan = try reader.postNormEncoder(style)
    let bias = try reader.keys.number("attention.max_alibi_bias", "a finite number above 0", default: 8) { $0 > 0 }
    try plan.editAttention { _, attention throws(GGUFError) in
      attention.slopes = alibiSlopes(heads: attention.heads, maximum: bias)
    }
    for index in plan.layers.indices {
      let name = "blk.\(index).attn_norm_2"
      guard reader.tensors.contains(name + ".weight") else { continue }
      plan.layers[index].mixerOutputNorm = plan.layers[index].mixerStreamNorm
      plan.layers[index].normsMixedStream = true
      plan.layers[index].mixerStreamNorm = reader.norm(
        name, NormParameters(.layer, epsilon: try reader.epsilon(.layer)), columns: reader.hiddenSize)
    }
    return plan
  }

  /// Whether there is a gate, by itself or in the first half of the rows of `ffn_up`.
  private static func isGated(_ reader: PlanReader) throws(GGUFError) -> Bool {
    if reader.tensors.contains("blk.0.ffn_gate.weight") { return true }
    let sizes = try reader.keys.integers("feed_forward_length", 1...1 << 24, layers: reader.fileLayers)
    return reader.tensors.rows(of: "blk.0.ffn_up.weight") != sizes[0]
  }
}

/// Jina's third BERT (arXiv:2409.10173): XLM-R with RoPE.
enum JinaBERT3: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.activation = .gelu
    style.isGated = false
    return try reader.postNormEncoder(style)
  }
}
