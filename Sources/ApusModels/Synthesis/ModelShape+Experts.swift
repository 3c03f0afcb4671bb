extension ModelShape {
  /// Models with experts.
  static let experts: [ModelShape] = [
    ModelShape(
      "mixtral-8x7b", layers: 32, hiddenSize: 4096, feedForwardSize: 14_336, heads: 32, kvHeads: 8,
      vocabularySize: 32_000, contextLength: 32_768
    ).with(rms(1e-5, ropeBase: 1_000_000) + routed(8, used: 2)),
    ModelShape(
      "qwen3-30b-a3b", "qwen3moe", layers: 48, hiddenSize: 2048, feedForwardSize: 6144, heads: 32, kvHeads: 4,
      vocabularySize: 151_936, contextLength: 40_960
    ).with(rms(1e-6, ropeBase: 1_000_000) + headSize(128) + routed(128, used: 8, size: 768)),
    gptOSS,
    ModelShape(
      "qwen1.5-moe-a2.7b", "qwen2moe", layers: 24, hiddenSize: 2048, feedForwardSize: 5632, heads: 16, kvHeads: 16,
      vocabularySize: 151_936, contextLength: 8192
    ).with(
      rms(1e-6, ropeBase: 1_000_000) + routed(60, used: 4, size: 1408)
        + [("expert_shared_count", .integer(1)), ("expert_shared_feed_forward_length", .integer(5632))],
      tensors: queryKeyValueBiases.union(["ffn_gate_inp_shexp.weight"])),
    ModelShape(
      "granite3.1-1b-a400m", "granitemoe", layers: 24, hiddenSize: 1024, feedForwardSize: 512, heads: 16, kvHeads: 8,
      vocabularySize: 49_155, contextLength: 131_072, isTied: true
    ).with(
      rms(1e-6, ropeBase: 1_500_000) + routed(32, used: 8)
        + graniteScales(embedding: 12, residual: 0.22, logits: 6, attention: 0.015625)),
    ModelShape(
      "olmoe-1b-7b", "olmoe", layers: 16, hiddenSize: 2048, feedForwardSize: 1024, heads: 16, kvHeads: 16,
      vocabularySize: 50_304, contextLength: 4096
    ).with(rms(1e-5) + routed(64, used: 8)),
    ModelShape(
      "glm4.5-air", "glm4moe", layers: 46, hiddenSize: 4096, feedForwardSize: 10_944, heads: 96, kvHeads: 8,
      vocabularySize: 151_552, contextLength: 131_072
    ).with(
      rms(1e-5, ropeBase: 1_000_000) + headSize(128) + ropeSize(64) + routed(128, used: 8, size: 1408)
        + [("expert_shared_count", .integer(1)), ("leading_dense_block_count", .integer(1))],
      tensors: queryKeyValueBiases.union(["exp_probs_b.bias"])),
    ModelShape(
      "ernie4.5-21b-a3b", "ernie4_5-moe", layers: 28, hiddenSize: 2560, feedForwardSize: 12_288, heads: 20,
      kvHeads: 4, vocabularySize: 103_424, contextLength: 131_072, isTied: true
    ).with(
      rms(1e-5, ropeBase: 500_000) + routed(64, used: 6, size: 1536)
        + [("expert_shared_count", .integer(2)), ("leading_dense_block_count", .integer(1))],
      tensors: ["exp_probs_b.bias"]),
    ModelShape(
      "deepseek-v2-lite", "deepseek2", layers: 27, hiddenSize: 2048, feedForwardSize: 10_944, heads: 16, kvHeads: 1,
      vocabularySize: 102_400, contextLength: 163_840
    ).with(
      rms(1e-6) + routed(64, used: 6, size: 1408) + ropeSize(64) + [
        ("expert_shared_count", .integer(2)), ("leading_dense_block_count", .integer(1)),
        ("attention.kv_lora_rank", .integer(512)), ("attention.key_length", .integer(576)),
        ("attention.value_length", .integer(512)), ("attention.key_length_mla", .integer(192)),
        ("attention.value_length_mla", .integer(128)), ("rope.scaling.type", .text("yarn")),
        ("rope.scaling.factor", .number(40)), ("rope.scaling.original_context_length", .integer(4096)),
        ("rope.scaling.yarn_log_multiplier", .number(0.0707)),
      ]),
  ]

  /// Experts, and how many a token goes through.
  static func routed(_ count: Int, used: Int, size: Int? = nil) -> [(String, Value)] {
    let size = size.map { [("expert_feed_forward_length", Value.integer($0))] } ?? []
    return [("expert_count", .integer(count)), ("expert_used_count", .integer(used))] + size
  }

  private static var gptOSS: ModelShape {
    ModelShape(
      "gpt-oss-20b", "gpt-oss", layers: 24, hiddenSize: 2880, feedForwardSize: 2880, heads: 64, kvHeads: 8,
      vocabularySize: 201_088, contextLength: 131_072
    ).with(
      rms(1e-5, ropeBase: 150_000) + headSize(64) + routed(32, used: 4, size: 2880) + [
        ("attention.sliding_window", .integer(128)), ("rope.scaling.type", .text("yarn")),
        ("rope.scaling.factor", .number(32)), ("rope.scaling.original_context_length", .integer(4096)),
      ],
      tensors: queryKeyValueBiases.union([
        "attn_output.bias", "ffn_gate_inp.bias", "ffn_gate_exps.bias", "ffn_up_exps.bias", "ffn_down_exps.bias",
      ]))
  }
}
