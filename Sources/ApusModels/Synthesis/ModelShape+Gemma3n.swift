extension ModelShape {
  /// Gemma 3n, its text part, without the keys and values of layers that read those of others (published files have
  /// them).
  static let gemma3n: [ModelShape] = [
    gemma3n("e2b", layers: 30, feedForwardSize: 8192, shared: 10),
    gemma3n("e4b", layers: 35, feedForwardSize: 16_384, shared: 15),
  ]

  private static func gemma3n(_ size: String, layers: Int, feedForwardSize: Int, shared: Int) -> ModelShape {
    ModelShape(
      "gemma3n-" + size, "gemma3n", layers: layers, hiddenSize: 2048, feedForwardSize: feedForwardSize, heads: 8,
      kvHeads: 2, vocabularySize: 262_144, contextLength: 32_768, isTied: true
    ).with(
      rms(1e-6, ropeBase: 1_000_000) + headSize(256) + [
        ("attention.sliding_window", .integer(512)), ("attention.shared_kv_layers", .integer(shared)),
        ("embedding_length_per_layer_input", .integer(256)),
      ])
  }
}
