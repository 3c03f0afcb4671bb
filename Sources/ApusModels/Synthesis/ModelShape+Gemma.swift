extension ModelShape {
  /// Gemma 3, its text part.
  static let gemma: [ModelShape] = [
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
