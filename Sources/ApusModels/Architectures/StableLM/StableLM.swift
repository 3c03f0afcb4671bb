internal import ApusCore
internal import ApusGGUF

/// StableLM 2: LayerNorm, RoPE of a part of each head.
///
/// Where a layer has no norm before the feed-forward part, both sublayers read one norm. The 12B model norms queries
/// and keys head by head, each by a gain of its own.
enum StableLM: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.norm = .layer
    let blocks = try BlockReader(reader, style)
    var plan = try blocks.plan()
    for layer in plan.layers.indices where !reader.tensors.contains("blk.\(layer).ffn_norm.weight") {
      plan.layers[layer].isParallel = true
      plan.layers[layer].feedForwardNorm = nil
    }
    try plan.editAttention { layer, attention in
      guard reader.tensors.contains("blk.\(layer).attn_q_norm.weight") else { return }
      attention.addHeadNorms(blocks, layer: layer)
    }
    return plan
  }
}

extension AttentionPlan {
  /// Norms of queries and keys with a gain for each head.
  mutating func addHeadNorms(_ blocks: BlockReader, layer: Int) {
    let dimension = layout.keyDimension
    func norm(_ name: String, heads: Int) -> NormPlan {
      var norm = blocks.reader.headNorm(
        "blk.\(layer).\(name)", blocks.norm, heads: heads, columns: heads * dimension)
      norm.gain?.fileDimensions = [dimension, heads]
      return norm
    }
    queryNorm = norm("attn_q_norm", heads: heads)
    keyNorm = norm("attn_k_norm", heads: layout.kvHeads)
  }
}
