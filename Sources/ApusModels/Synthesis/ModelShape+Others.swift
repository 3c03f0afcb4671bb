extension ModelShape {
  /// Granite's four factors.
  static func graniteScales(
    embedding: Float, residual: Float, logits: Float, attention: Float
  ) -> [(String, Value)] {
    [
      ("embedding_scale", .number(embedding)), ("residual_scale", .number(residual)), ("logit_scale", .number(logits)),
      ("attention.scale", .number(attention)),
    ]
  }

  private static let allBiases = queryKeyValueBiases.union([
    "attn_qkv.bias", "attn_output.bias", "ffn_up.bias", "ffn_down.bias",
  ])
  private static let normBiases: Set<String> = ["attn_norm.bias", "ffn_norm.bias", "output_norm.bias"]

  /// Dense models of other families.
  static let others: [ModelShape] = [
    ModelShape(
      "ministral3-3b", "mistral3", layers: 26, hiddenSize: 3072, feedForwardSize: 9216, heads: 32, kvHeads: 8,
      vocabularySize: 131_072, contextLength: 262_144, isTied: true
    ).with(
      rms(1e-5, ropeBase: 1_000_000) + headSize(128) + [
        ("rope.scaling.type", .text("yarn")), ("rope.scaling.factor", .number(16)),
        ("rope.scaling.original_context_length", .integer(16_384)),
        ("rope.scaling.yarn_log_multiplier", .number(1)), ("attention.temperature_scale", .number(0.1)),
      ]),
    ModelShape(
      "smollm3-3b", "smollm3", layers: 36, hiddenSize: 2048, feedForwardSize: 11_008, heads: 16, kvHeads: 4,
      vocabularySize: 128_256, contextLength: 65_536, isTied: true
    ).with(rms(1e-6, ropeBase: 5_000_000)),
    ModelShape(
      "phi2", "phi2", layers: 32, hiddenSize: 2560, feedForwardSize: 10_240, heads: 32, kvHeads: 32,
      vocabularySize: 51_200, contextLength: 2048
    ).with(
      layerNorm(1e-5) + ropeSize(32),
      tensors: allBiases.union(["attn_qkv.weight", "attn_norm.bias", "output_norm.bias", "output.bias"])),
    ModelShape(
      "phi3-mini", "phi3", layers: 32, hiddenSize: 3072, feedForwardSize: 8192, heads: 32, kvHeads: 32,
      vocabularySize: 32_064, contextLength: 4096
    ).with(rms(1e-5), tensors: ["attn_qkv.weight"]),
    ModelShape(
      "phi4-mini", "phi3", layers: 32, hiddenSize: 3072, feedForwardSize: 8192, heads: 24, kvHeads: 8,
      vocabularySize: 200_064, contextLength: 131_072, isTied: true
    ).with(rms(1e-5) + ropeSize(96), tensors: ["attn_qkv.weight"]),
    ModelShape(
      "gpt2", "gpt2", layers: 12, hiddenSize: 768, feedForwardSize: 3072, heads: 12, kvHeads: 12,
      vocabularySize: 50_257, contextLength: 1024, isTied: true
    ).with(layerNorm(1e-5), tensors: allBiases.union(normBiases).union(["attn_qkv.weight"])),
    ModelShape(
      "falcon-7b", "falcon", layers: 32, hiddenSize: 4544, feedForwardSize: 18_176, heads: 71, kvHeads: 1,
      vocabularySize: 65_024, contextLength: 2048, isTied: true
    ).with(layerNorm(1e-5), tensors: ["attn_qkv.weight", "attn_norm.bias", "output_norm.bias"]),
    ModelShape(
      "granite3.3-2b", "granite", layers: 40, hiddenSize: 2048, feedForwardSize: 8192, heads: 32, kvHeads: 8,
      vocabularySize: 49_159, contextLength: 131_072, isTied: true
    ).with(
      rms(1e-5, ropeBase: 10_000_000)
        + graniteScales(embedding: 12, residual: 0.22, logits: 8, attention: 0.015625)),
    ModelShape(
      "olmo2-1b", "olmo2", layers: 16, hiddenSize: 2048, feedForwardSize: 8192, heads: 16, kvHeads: 16,
      vocabularySize: 100_352, contextLength: 4096
    ).with(rms(1e-6, ropeBase: 500_000)),
    ModelShape(
      "command-r", "command-r", layers: 40, hiddenSize: 8192, feedForwardSize: 22_528, heads: 64, kvHeads: 64,
      vocabularySize: 256_000, contextLength: 131_072, isTied: true
    ).with(layerNorm(1e-5, ropeBase: 8_000_000) + [("logit_scale", .number(0.0625))]),
    ModelShape(
      "command-r7b", "cohere2", layers: 32, hiddenSize: 4096, feedForwardSize: 14_336, heads: 32, kvHeads: 8,
      vocabularySize: 256_000, contextLength: 8192, isTied: true
    ).with(
      layerNorm(1e-5, ropeBase: 50_000)
        + [("logit_scale", .number(0.25)), ("attention.sliding_window", .integer(4096))]),
    ModelShape(
      "starcoder2-3b", "starcoder2", layers: 30, hiddenSize: 3072, feedForwardSize: 12_288, heads: 24, kvHeads: 2,
      vocabularySize: 49_152, contextLength: 16_384, isTied: true
    ).with(layerNorm(1e-5, ropeBase: 1_000_000), tensors: allBiases.union(normBiases)),
    ModelShape(
      "stablelm2-1.6b", "stablelm", layers: 24, hiddenSize: 2048, feedForwardSize: 5632, heads: 32, kvHeads: 32,
      vocabularySize: 100_352, contextLength: 4096
    ).with(
      layerNorm(1e-5) + ropeSize(16), tensors: queryKeyValueBiases.union(normBiases).union(["ffn_norm.weight"])),
    ModelShape(
      "glm4-9b", "glm4", layers: 40, hiddenSize: 4096, feedForwardSize: 13_696, heads: 32, kvHeads: 2,
      vocabularySize: 151_552, contextLength: 32_768
    ).with(rms(1e-5) + ropeSize(64), tensors: queryKeyValueBiases),
    ModelShape(
      "exaone4-1.2b", "exaone4", layers: 30, hiddenSize: 2048, feedForwardSize: 4096, heads: 32, kvHeads: 8,
      vocabularySize: 102_400, contextLength: 65_536, isTied: true
    ).with(rms(1e-5, ropeBase: 1_000_000)),
    ModelShape(
      "ernie4.5-0.3b", "ernie4_5", layers: 18, hiddenSize: 1024, feedForwardSize: 3072, heads: 16, kvHeads: 2,
      vocabularySize: 103_424, contextLength: 131_072, isTied: true
    ).with(rms(1e-5, ropeBase: 500_000) + headSize(128)),
    ModelShape(
      "seed-oss-36b", "seed_oss", layers: 64, hiddenSize: 5120, feedForwardSize: 27_648, heads: 80, kvHeads: 8,
      vocabularySize: 155_136, contextLength: 524_288
    ).with(rms(1e-6, ropeBase: 10_000_000) + headSize(128), tensors: queryKeyValueBiases),
    ModelShape(
      "bitnet-2b", "bitnet", layers: 30, hiddenSize: 2560, feedForwardSize: 6912, heads: 20, kvHeads: 5,
      vocabularySize: 128_256, contextLength: 4096, isTied: true
    ).with(rms(1e-5, ropeBase: 500_000)),
  ]
}
