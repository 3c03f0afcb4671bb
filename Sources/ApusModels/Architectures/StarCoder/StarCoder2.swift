internal import ApusCore
internal import ApusGGUF

/// StarCoder2 (arXiv:2402.19173): LayerNorm, GELU without a gate, biases everywhere.
enum StarCoder2: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.norm = .layer
    style.isGated = false
    style.activation = .gelu
    // The 3B and 7B models state a window that they were trained with in all layers.
    return try BlockReader(reader, style).plan()
  }
}
