internal import ApusCore
internal import ApusGGUF

/// Granite 3 and 4, dense and with experts: Llama with a scale for embeddings, sublayers, scores and logits.
enum Granite: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.adjacent)
    style.embeddingScale = try reader.factor("embedding_scale") ?? 1
    style.residualScale = try reader.factor("residual_scale") ?? 1
    style.attentionScale = try reader.factor("attention.scale")
    style.logitScale = 1 / (try reader.factor("logit_scale") ?? 1)
    // Files without RoPE state it so.
    if try reader.keys.bool("rope.scaling.finetuned") == false { style.hasRope = { _, _ in false } }
    style.experts = ExpertStyle()
    return try BlockReader(reader, style).plan()
  }
}
