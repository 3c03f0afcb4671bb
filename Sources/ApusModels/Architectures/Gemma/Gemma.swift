internal import ApusCore
internal import ApusGGUF

/// What all Gemmas have: scaled embeddings, GELU in the gate.
func gemmaStyle(_ reader: PlanReader) -> BlockStyle {
  var style = BlockStyle(.split)
  style.embeddingScale = Float(reader.hiddenSize).squareRoot()
  style.activation = .gelu
  return style
}

/// Gemma (arXiv:2403.08295).
enum Gemma: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    try BlockReader(reader, gemmaStyle(reader)).plan()
  }
}

/// Gemma 2 (arXiv:2408.00118): norms around each sublayer, a window in every other layer, capped scores and logits.
enum Gemma2: Architecture {
  /// Layers of the 27B model, whose queries are scaled by the share of a head in the hidden size.
  private static let layersOf27B = 46

  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = gemmaStyle(reader)
    style.placement = .around
    style.windowPeriod = 2
    // The defaults are those of the reference for a file without the key.
    style.defaultWindow = 4096
    style.attentionCap = try reader.factor("attn_logit_softcapping", default: 50)
    style.logitCap = try reader.factor("final_logit_softcapping", default: 30)
    style.attentionScale = try reader.scaleByHeads(ifLayers: layersOf27B)
    return try BlockReader(reader, style).plan()
  }
}

/// Gemma 3 (arXiv:2503.19786): norms of queries and keys, a window in five of six layers with a RoPE of its own.
enum Gemma3: Architecture {
  private static let layersOf27B = 62

  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = gemmaStyle(reader)
    style.placement = .around
    style.headNorm = .perHead
    style.windowPeriod = 6
    (style.hasWindowRope, style.windowRopeBase) = (true, 10_000)
    style.logitCap = try reader.factor("final_logit_softcapping")
    style.attentionScale = try reader.scaleByHeads(ifLayers: layersOf27B)
    return try BlockReader(reader, style).plan()
  }
}

extension PlanReader {
  /// One over the root of the hidden size per head, for a model of this many layers; nil for others.
  fileprivate func scaleByHeads(ifLayers count: Int) throws(GGUFError) -> Float? {
    guard layers == count else { return nil }
    let heads = try keys.integers("attention.head_count", 1...1 << 16, layers: fileLayers)[0]
    guard heads <= hiddenSize else {
      throw keys.error("attention.head_count", expected: "at most the hidden size, \(hiddenSize)", found: "\(heads)")
    }
    return 1 / Float(hiddenSize / heads).squareRoot()
  }
}
