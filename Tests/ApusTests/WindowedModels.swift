internal import ApusModels

/// Shapes of tiny models whose layers have windows of 40 positions: some or all of them.
enum WindowedModels {
  static let window = 40

  static let shapes = [gemma3, gptOSS, mistral]

  /// Five of six layers.
  static let gemma3 = shape("gemma3", layers: 6)
  /// Every other layer, with sinks and experts.
  static let gptOSS = shape("gpt-oss", layers: 3).with(
    [("expert_count", .integer(4)), ("expert_used_count", .integer(2)), ("expert_feed_forward_length", .integer(64))])
  /// All layers, as in Mistral's first version.
  static let mistral = shape("llama", layers: 2)

  private static func shape(_ architecture: String, layers: Int) -> ModelShape {
    ModelShape(
      "tiny-windowed-" + architecture, architecture, layers: layers, hiddenSize: 64, feedForwardSize: 64, heads: 4,
      kvHeads: 2, vocabularySize: 300, contextLength: 256, isTied: true
    ).with(
      ModelShape.rms(1e-5) + [
        ("attention.key_length", .integer(32)), ("attention.value_length", .integer(32)),
        ("attention.sliding_window", .integer(window)),
      ])
  }
}
