extension ModelShape {
  /// RMSNorm's epsilon and the base of RoPE.
  package static func rms(_ epsilon: Float, ropeBase: Float = 10_000) -> [(String, Value)] {
    [("attention.layer_norm_rms_epsilon", .number(epsilon)), ("rope.freq_base", .number(ropeBase))]
  }

  /// LayerNorm's epsilon and the base of RoPE.
  static func layerNorm(_ epsilon: Float, ropeBase: Float = 10_000) -> [(String, Value)] {
    [("attention.layer_norm_epsilon", .number(epsilon)), ("rope.freq_base", .number(ropeBase))]
  }

  /// Values of a head that RoPE turns.
  static func ropeSize(_ size: Int) -> [(String, Value)] { [("rope.dimension_count", .integer(size))] }

  /// Llama and models of its architecture.
  static let llama: [ModelShape] = [
    smolLM2("135m", 30, 576, 1536, heads: 9, kvHeads: 3, ropeBase: 100_000),
    smolLM2("360m", 32, 960, 2560, heads: 15, kvHeads: 5, ropeBase: 100_000),
    ModelShape(
      "tinyllama-1.1b", layers: 22, hiddenSize: 2048, feedForwardSize: 5632, heads: 32, kvHeads: 4,
      vocabularySize: 32_000, contextLength: 2048
    ).with(rms(1e-5)),
    smolLM2("1.7b", 24, 2048, 8192, heads: 32, kvHeads: 32, ropeBase: 130_000),
    ModelShape(
      "llama2-7b", layers: 32, hiddenSize: 4096, feedForwardSize: 11_008, heads: 32, kvHeads: 32,
      vocabularySize: 32_000, contextLength: 4096
    ).with(rms(1e-5)),
    // Version 0.2, which has no sliding window.
    ModelShape(
      "mistral-7b", layers: 32, hiddenSize: 4096, feedForwardSize: 14_336, heads: 32, kvHeads: 8,
      vocabularySize: 32_000, contextLength: 32_768
    ).with(rms(1e-5, ropeBase: 1_000_000)),
    ModelShape(
      "llama3-8b", layers: 32, hiddenSize: 4096, feedForwardSize: 14_336, heads: 32, kvHeads: 8,
      vocabularySize: 128_256, contextLength: 8192
    ).with(rms(1e-5, ropeBase: 500_000)),
    ModelShape(
      "llama2-13b", layers: 40, hiddenSize: 5120, feedForwardSize: 13_824, heads: 40, kvHeads: 40,
      vocabularySize: 32_000, contextLength: 4096
    ).with(rms(1e-5)),
  ]

  private static func smolLM2(
    _ size: String, _ layers: Int, _ hidden: Int, _ feedForward: Int, heads: Int, kvHeads: Int, ropeBase: Float
  ) -> ModelShape {
    ModelShape(
      "smollm2-" + size, layers: layers, hiddenSize: hidden, feedForwardSize: feedForward, heads: heads,
      kvHeads: kvHeads, vocabularySize: 49_152, contextLength: 8192, isTied: true
    ).with(rms(1e-5, ropeBase: ropeBase))
  }
}
