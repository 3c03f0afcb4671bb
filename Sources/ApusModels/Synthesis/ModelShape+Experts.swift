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
