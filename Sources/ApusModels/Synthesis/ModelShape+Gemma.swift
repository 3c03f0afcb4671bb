extension ModelShape {
  /// Gemma 1 to 3, their text parts.
  static let gemma: [ModelShape] = [
    ModelShape(
      "gemma-2b", "gemma", layers: 18, hiddenSize: 2048, feedForwardSize: 16_384, heads: 8, kvHeads: 1,
      vocabularySize: 256_000, contextLength: 8192, isTied: true
    ).with(rms(1e-6) + headSize(256)),
    ModelShape(
      "gemma2-2b", "gemma2", layers: 26, hiddenSize: 2304, feedForwardSize: 9216, heads: 8, kvHeads: 4,
      vocabularySize: 256_000, contextLength: 8192, isTied: true
    ).with(
      rms(1e-6) + headSize(256) + [
        ("attention.sliding_window", .integer(4096)), ("attn_logit_softcapping", .number(50)),
        ("final_logit_softcapping", .number(30)),
      ]),
    gemma3("270m", 18, 640, 2048, heads: 4, kvHeads: 1, window: 512),
    gemma3("1b", 26, 1152, 6912, heads: 4, kvHeads: 1, window: 512),
    gemma3("4b", 34, 2560, 10_240, heads: 8, kvHeads: 4, window: 1024),
  ]

  private static func gemma3(
    _ size: String, _ layers: Int, _ hidden: Int, _ feedForward: Int, heads: Int, kvHeads: Int, window: Int
  ) -> ModelShape {
    ModelShape(
      "gemma3-" + size, "gemma3", layers: layers, hiddenSize: hidden, feedForwardSize: feedForward, heads: heads,
      kvHeads: kvHeads, vocabularySize: 262_144, contextLength: 32_768, isTied: true
    ).with(
      rms(1e-6, ropeBase: 1_000_000) + headSize(256) + [("attention.sliding_window", .integer(window))])
  }
}
