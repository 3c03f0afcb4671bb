extension ModelShape {
  /// Encoders, for vectors.
  static let encoders: [ModelShape] = [
    bert("bert-base", layers: 12, hiddenSize: 768, pooling: 2),
    bert("minilm-l6", layers: 6, hiddenSize: 384, pooling: 1),
    encoder(
      "nomic-embed-v1.5", "nomic-bert", layers: 12, hiddenSize: 768, feedForwardSize: 3072, vocabularySize: 30_528,
      contextLength: 2048
    ).with(
      pooled(1, epsilon: 1e-12) + [("rope.freq_base", .number(1000))],
      tensors: postNormBiases.union(["attn_qkv.weight"]), rows: ["token_types.weight": 2]),
    encoder(
      "nomic-embed-v2-moe", "nomic-bert-moe", layers: 12, hiddenSize: 768, feedForwardSize: 3072,
      vocabularySize: 250_048, contextLength: 512
    ).with(
      pooled(1, epsilon: 1e-5) + routed(8, used: 2) + [("moe_every_n_layers", .integer(2))],
      tensors: postNormBiases.union([
        "attn_qkv.weight", "attn_qkv.bias", "attn_output.bias", "ffn_up.bias", "ffn_down.bias",
      ]), rows: ["token_types.weight": 1]),
    encoder(
      "jina-v2-base", "jina-bert-v2", layers: 12, hiddenSize: 768, feedForwardSize: 3072, vocabularySize: 30_528,
      contextLength: 8192
    ).with(
      pooled(1, epsilon: 1e-12),
      tensors: postNormBiases.union(queryKeyValueBiases).union(["attn_output.bias", "ffn_down.bias"]),
      rows: ["token_types.weight": 2]),
    encoder(
      "modernbert-base", "modern-bert", layers: 22, hiddenSize: 768, feedForwardSize: 1152, vocabularySize: 50_368,
      contextLength: 8192
    ).with(
      pooled(1, epsilon: 1e-5) + [
        ("rope.freq_base", .number(160_000)), ("rope.freq_base_swa", .number(10_000)),
        ("attention.sliding_window", .integer(128)),
      ], tensors: Set((1..<22).map { "blk.\($0).attn_norm.weight" }).union(["attn_qkv.weight"])),
    gemmaEmbedding,
  ]

  /// A model of 12 heads, all with keys and values of their own.
  private static func encoder(
    _ name: String, _ architecture: String, layers: Int, hiddenSize: Int, feedForwardSize: Int, vocabularySize: Int,
    contextLength: Int
  ) -> ModelShape {
    ModelShape(
      name, architecture, layers: layers, hiddenSize: hiddenSize, feedForwardSize: feedForwardSize, heads: 12,
      kvHeads: 12, vocabularySize: vocabularySize, contextLength: contextLength, isTied: true)
  }

  /// How sequences are pooled (1: the mean, 2: the first token), and LayerNorm's epsilon.
  private static func pooled(_ kind: Int, epsilon: Float) -> [(String, Value)] {
    [
      ("pooling_type", .integer(kind)), ("attention.causal", .flag(false)),
      ("attention.layer_norm_epsilon", .number(epsilon)),
    ]
  }

  private static let postNormBiases: Set = [
    "token_embd_norm.bias", "attn_output_norm.bias", "layer_output_norm.bias",
  ]

  private static func bert(_ name: String, layers: Int, hiddenSize: Int, pooling: Int) -> ModelShape {
    encoder(
      name, "bert", layers: layers, hiddenSize: hiddenSize, feedForwardSize: 4 * hiddenSize, vocabularySize: 30_522,
      contextLength: 512
    ).with(
      pooled(pooling, epsilon: 1e-12),
      tensors: postNormBiases.union(queryKeyValueBiases).union(["attn_output.bias", "ffn_up.bias", "ffn_down.bias"]),
      rows: ["token_types.weight": 2])
  }

  private static var gemmaEmbedding: ModelShape {
    ModelShape(
      "embeddinggemma-300m", "gemma-embedding", layers: 24, hiddenSize: 768, feedForwardSize: 1152, heads: 3,
      kvHeads: 1, vocabularySize: 262_144, contextLength: 2048, isTied: true
    ).with(
      rms(1e-6, ropeBase: 1_000_000) + headSize(256) + [
        ("attention.sliding_window", .integer(512)), ("pooling_type", .integer(1)),
        ("dense_2_feat_out", .integer(3072)), ("dense_3_feat_out", .integer(768)),
      ], rows: ["dense_2.weight": 3072, "dense_3.weight": 768])
  }
}
