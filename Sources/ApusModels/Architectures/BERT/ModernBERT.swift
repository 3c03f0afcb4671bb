internal import ApusCore
internal import ApusGGUF

/// ModernBERT (arXiv:2412.13663): norms before the sublayers, but for attention in the first layer; a symmetric window
/// with a RoPE of its own in two of three layers.
enum ModernBERT: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.norm = .layer
    style.activation = try activation(reader)
    style.hasFusedGate = true
    style.windowPeriod = 3
    style.startsPeriodWithoutWindow = true
    style.hasWindowRope = true
    let blocks = try BlockReader(reader, style)
    var plan = try reader.encoder(
      blocks.plan(), PoolingStyle(rankedKind: .mean, activation: .gelu))
    plan.embedding.norm = reader.norm("token_embd_norm", blocks.norm, columns: reader.hiddenSize)
    if !reader.tensors.contains("blk.0.attn_norm.weight") { plan.layers[0].mixerNorm = nil }
    return plan
  }

  /// The function of the gate.
  private static func activation(_ reader: PlanReader) throws(GGUFError) -> Activation {
    switch try reader.keys.string("hidden_activation") {
    case nil, "gelu", "geglu": return .gelu
    case "silu", "swish", "swiglu": return .silu
    case let name?:
      throw reader.keys.error("hidden_activation", .unsupported, expected: "gelu or silu", found: "'\(name)'")
    }
  }
}
