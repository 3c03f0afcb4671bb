extension ModelShape {
  /// Qwen2.5 and Qwen3, dense.
  static let qwen: [ModelShape] = [
    ModelShape(
      "qwen2.5-0.5b", "qwen2", layers: 24, hiddenSize: 896, feedForwardSize: 4864, heads: 14, kvHeads: 2,
      vocabularySize: 151_936, contextLength: 32_768, isTied: true
    ).with(rms(1e-6, ropeBase: 1_000_000), tensors: queryKeyValueBiases),
    qwen3("0.6b", 28, 1024, 3072, heads: 16, isTied: true),
    qwen3("4b", 36, 2560, 9728, heads: 32, isTied: true),
    qwen3("8b", 36, 4096, 12_288, heads: 32),
  ]

  package static let queryKeyValueBiases: Set<String> = ["attn_q.bias", "attn_k.bias", "attn_v.bias"]

  private static func qwen3(
    _ size: String, _ layers: Int, _ hidden: Int, _ feedForward: Int, heads: Int, isTied: Bool = false
  ) -> ModelShape {
    ModelShape(
      "qwen3-" + size, "qwen3", layers: layers, hiddenSize: hidden, feedForwardSize: feedForward, heads: heads,
      kvHeads: 8, vocabularySize: 151_936, contextLength: 40_960, isTied: isTied
    ).with(rms(1e-6, ropeBase: 1_000_000) + headSize(128))
  }

  /// Heads whose size is not the hidden size's share.
  static func headSize(_ size: Int) -> [(String, Value)] {
    [("attention.key_length", .integer(size)), ("attention.value_length", .integer(size))]
  }
}
