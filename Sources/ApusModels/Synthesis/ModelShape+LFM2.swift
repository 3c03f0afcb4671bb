extension ModelShape {
  /// LFM2: a few layers of attention among gated short convolutions.
  ///
  /// Of the 2.6B only the number of layers with attention is known here: they are spread evenly.
  static let lfm2: [ModelShape] = [
    lfm2("1.2b", layers: 16, feedForwardSize: 8192, attention: [2, 5, 8, 10, 12, 14]),
    lfm2("2.6b", layers: 30, feedForwardSize: 10_752, attention: [2, 5, 9, 13, 17, 21, 24, 27]),
    lfm2("8b-a1b", "lfm2moe", layers: 24, feedForwardSize: 7168, attention: [2, 6, 10, 14, 18, 21]).with(
      routed(32, used: 4, size: 1792) + [("leading_dense_block_count", .integer(2))], tensors: ["exp_probs_b.bias"]),
  ]

  private static func lfm2(
    _ size: String, _ architecture: String = "lfm2", layers: Int, feedForwardSize: Int, attention: Set<Int>
  ) -> ModelShape {
    ModelShape(
      "lfm2-" + size, architecture, layers: layers, hiddenSize: 2048, feedForwardSize: feedForwardSize, heads: 32,
      kvHeads: 8, vocabularySize: 65_536, contextLength: 128_000, isTied: true
    ).with(
      rms(1e-5, ropeBase: 1_000_000) + [
        ("attention.head_count_kv", .perLayer { attention.contains($0) ? 8 : 0 }),
        ("shortconv.l_cache", .integer(3)),
      ])
  }
}
