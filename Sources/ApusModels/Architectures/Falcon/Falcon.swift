internal import ApusCore
internal import ApusGGUF

/// Falcon (arXiv:2311.16867): LayerNorm, both sublayers side by side, GELU without a gate.
///
/// In the 7B form both read one norm; in the 40B form attention has its own (`attn_norm_2`).
enum Falcon: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.norm = .layer
    style.allowsPartialRope = false
    style.isParallel = true
    style.isGated = false
    style.activation = .gelu
    let blocks = try BlockReader(reader, style)
    var plan = try blocks.plan()
    for layer in plan.layers.indices {
      let name = "blk.\(layer).attn_norm_2"
      guard reader.tensors.contains(name + ".weight") else { continue }
      plan.layers[layer].feedForwardNorm = plan.layers[layer].mixerNorm
      plan.layers[layer].mixerNorm = reader.norm(name, blocks.norm, columns: reader.hiddenSize)
    }
    return plan
  }
}
