/// The numbers that a published model consists of, without its weights.
package struct ModelShape: Sendable {
  /// The name that a person gives, for example `llama2-7b`.
  package var name: String
  package var architecture = "llama"
  package var layers: Int
  package var hiddenSize: Int
  package var feedForwardSize: Int
  package var heads: Int
  package var kvHeads: Int
  package var vocabularySize: Int
  package var contextLength: Int
  package var ropeBase: Float = 10_000
  package var rmsEpsilon: Float = 1e-5
  /// Whether the token embedding serves as the output matrix too.
  package var isTied = false

  package init(
    _ name: String, layers: Int, hiddenSize: Int, feedForwardSize: Int, heads: Int, kvHeads: Int, vocabularySize: Int,
    contextLength: Int
  ) {
    self.name = name
    self.layers = layers
    self.hiddenSize = hiddenSize
    self.feedForwardSize = feedForwardSize
    self.heads = heads
    self.kvHeads = kvHeads
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
  }

  /// Values of one head.
  var headDimension: Int { hiddenSize / heads }
  /// Whether queries, keys and values have biases.
  var hasBiases: Bool { architecture == "qwen2" }
}

extension ModelShape {
  /// The shapes that there are, from the `config.json` that each model was published with.
  package static let all: [ModelShape] = [
    smolLM2("135m", 30, 576, 1536, heads: 9, kvHeads: 3, ropeBase: 100_000),
    smolLM2("360m", 32, 960, 2560, heads: 15, kvHeads: 5, ropeBase: 100_000),
    qwen2,
    ModelShape(
      "tinyllama-1.1b", layers: 22, hiddenSize: 2048, feedForwardSize: 5632, heads: 32, kvHeads: 4,
      vocabularySize: 32_000, contextLength: 2048),
    smolLM2("1.7b", 24, 2048, 8192, heads: 32, kvHeads: 32, ropeBase: 130_000),
    ModelShape(
      "llama2-7b", layers: 32, hiddenSize: 4096, feedForwardSize: 11_008, heads: 32, kvHeads: 32,
      vocabularySize: 32_000, contextLength: 4096),
    mistral,
    llama3,
    ModelShape(
      "llama2-13b", layers: 40, hiddenSize: 5120, feedForwardSize: 13_824, heads: 40, kvHeads: 40,
      vocabularySize: 32_000, contextLength: 4096),
  ]

  /// The shape with that name, in whatever case.
  package init?(named name: String) {
    guard let shape = Self.all.first(where: { $0.name == name.lowercased() }) else { return nil }
    self = shape
  }

  private static func smolLM2(
    _ size: String, _ layers: Int, _ hidden: Int, _ feedForward: Int, heads: Int, kvHeads: Int, ropeBase: Float
  ) -> ModelShape {
    var shape = ModelShape(
      "smollm2-" + size, layers: layers, hiddenSize: hidden, feedForwardSize: feedForward, heads: heads,
      kvHeads: kvHeads, vocabularySize: 49_152, contextLength: 8192)
    shape.ropeBase = ropeBase
    shape.isTied = true
    return shape
  }

  private static var qwen2: ModelShape {
    var shape = ModelShape(
      "qwen2.5-0.5b", layers: 24, hiddenSize: 896, feedForwardSize: 4864, heads: 14, kvHeads: 2,
      vocabularySize: 151_936, contextLength: 32_768)
    shape.architecture = "qwen2"
    shape.ropeBase = 1_000_000
    shape.rmsEpsilon = 1e-6
    shape.isTied = true
    return shape
  }

  /// Version 0.2, which has no sliding window.
  private static var mistral: ModelShape {
    var shape = ModelShape(
      "mistral-7b", layers: 32, hiddenSize: 4096, feedForwardSize: 14_336, heads: 32, kvHeads: 8,
      vocabularySize: 32_000, contextLength: 32_768)
    shape.ropeBase = 1_000_000
    return shape
  }

  private static var llama3: ModelShape {
    var shape = ModelShape(
      "llama3-8b", layers: 32, hiddenSize: 4096, feedForwardSize: 14_336, heads: 32, kvHeads: 8,
      vocabularySize: 128_256, contextLength: 8192)
    shape.ropeBase = 500_000
    return shape
  }
}
