internal import ApusCore
internal import ApusGGUF

/// EmbeddingGemma (arXiv:2509.20354): Gemma 3 whose tokens look both ways, with a symmetric window, then dense layers
/// behind the mean.
enum GemmaEmbedding: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    try reader.encoder(Gemma3.plan(reader))
  }
}
