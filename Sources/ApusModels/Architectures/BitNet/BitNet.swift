internal import ApusCore
internal import ApusGGUF

/// BitNet b1.58 (arXiv:2402.17764): ternary weights with a factor for each matrix, and a norm before each last
/// projection.
enum BitNet: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    let blocks = try BlockReader(reader, BlockStyle(.split))
    var plan = try blocks.plan()
    for layer in plan.layers.indices {
      guard case .dense(var feedForward) = plan.layers[layer].feedForward else { continue }
      feedForward.innerNorm = reader.norm("blk.\(layer).ffn_sub_norm", blocks.norm, columns: feedForward.up.rows)
      plan.layers[layer].feedForward = .dense(feedForward)
    }
    try plan.editAttention { layer, attention in
      attention.innerNorm = reader.norm(
        "blk.\(layer).attn_sub_norm", blocks.norm, columns: attention.heads * attention.layout.valueDimension)
    }
    return plan
  }
}
