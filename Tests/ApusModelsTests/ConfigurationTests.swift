internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import Testing

/// Metadata that a model cannot have, and the key that the error must name.
private struct Hostile: Sendable, CustomTestStringConvertible {
  let title: String
  let key: String
  let change: @Sendable (inout GGUFWriter) -> Void

  init<T: GGUFScalar>(_ key: String, _ value: T, about named: String? = nil) {
    self.init("\(key) = \(value)", named ?? key) { $0.set("llama." + key, value) }
  }

  init(_ title: String, _ key: String, _ change: @escaping @Sendable (inout GGUFWriter) -> Void) {
    self.title = title
    self.key = key.contains("tokenizer") || key.contains("general") ? key : "llama." + key
    self.change = change
  }

  var testDescription: String { title }

  static let counts = [
    "block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
    "attention.head_count_kv", "attention.key_length", "attention.value_length", "vocab_size",
  ].flatMap { key in
    [
      Hostile(key, UInt32(0)), Hostile(key, UInt32.max), Hostile(key, UInt64.max), Hostile(key, Int32(-1)),
      Hostile(key, Float(4)), Hostile(key, Float.nan), Hostile(key, true),
      Hostile("\(key) = text", key) { $0.set("llama." + key, "4") },
      Hostile("\(key) = empty array", key) { $0.set("llama." + key, array: [UInt32]()) },
      Hostile("\(key) = array of floats", key) { $0.set("llama." + key, array: [Float(4), 4]) },
    ]
  }

  /// Layers may differ in these, but their heads must be of one size, and keys and values shared evenly.
  static let unequalLayers = ["attention.head_count", "attention.head_count_kv"].map { key in
    Hostile("\(key) = array of two values", key) { $0.set("llama." + key, array: [UInt32(4), 8]) }
  }

  static let numbers = ["attention.layer_norm_rms_epsilon", "rope.freq_base", "rope.scaling.factor"].flatMap { key in
    [
      Hostile(key, Float(0)), Hostile(key, Float(-1)), Hostile(key, Float.nan), Hostile(key, Float.infinity),
      Hostile(key, -Float.infinity), Hostile(key, UInt32(1)), Hostile(key, true),
      Hostile("\(key) = text", key) { $0.set("llama." + key, "1") },
    ]
  }

  /// Two layers have lists of two.
  static let lists =
    ["attention.head_count", "attention.head_count_kv", "feed_forward_length"].flatMap { key in
      [1, 3, 600].map { count in
        Hostile("\(key) = array of \(count)", key) {
          $0.set("llama." + key, array: [UInt32](repeating: 4, count: count))
        }
      }
    }
    + ["block_count", "embedding_length", "attention.key_length"].map { key in
      Hostile("\(key) = an array", key) { $0.set("llama." + key, array: [UInt32(64), 64]) }
    }

  static let others =
    [
      Hostile("logit_scale", Float(0.5)), Hostile("attn_logit_softcapping", Float(30)),
      Hostile("linear rope scaling without a factor", "rope.scaling.factor") {
        $0.set("llama.rope.scaling.type", "linear")
      },
      Hostile("block_count", UInt32(1025)),
      Hostile("attention.head_count", UInt32(3), about: "attention.head_count_kv"),
      Hostile("attention.head_count_kv", UInt32(3)),
      Hostile("attention.layer_norm_rms_epsilon", Float(1)), Hostile("attention.layer_norm_rms_epsilon", Double.nan),
      Hostile("rope.dimension_count", UInt32(0)), Hostile("rope.dimension_count", UInt32(7)),
      Hostile("rope.dimension_count", UInt32(8)), Hostile("rope.dimension_count", UInt32.max),
      Hostile("attention.key_length", UInt32(15), about: "rope.dimension_count"),
      Hostile("attention.sliding_window", Int32(-1)), Hostile("expert_count", UInt32(8), about: "expert_used_count"),
      Hostile("attention.causal", false), Hostile("attention.causal", UInt8(1)),
      Hostile("rope.scaling.attn_factor", Float(0)), Hostile("rope.scale_linear", Float(0)),
      Hostile("rope scaling of no known type", "rope.scaling.type") { $0.set("llama.rope.scaling.type", "bogus") },
      Hostile("rope scaling of a type without a factor", "rope.scaling.factor") {
        $0.set("llama.rope.scaling.type", "yarn")
      },
      Hostile("rope.scaling.type", UInt32(1)),
      Hostile("LongRoPE without its tables", "rope.scaling.type") { $0.set("llama.rope.scaling.type", "longrope") },
      Hostile("LongRoPE with one of its tables", "rope.scaling.type") {
        $0.set("llama.rope.scaling.type", "longrope")
        try? $0.addTensor("rope_factors_long.weight", dimensions: [8], format: .f32)
      },
      Hostile("YaRN of another magnitude", "rope.scaling.yarn_attn_factor") {
        $0.set("llama.rope.scaling.type", "yarn")
        $0.set("llama.rope.scaling.factor", Float(8))
        $0.set("llama.rope.scaling.yarn_attn_factor", Float(1.3))
      },
      Hostile("a tensor for each expert", "expert_count") {
        $0.set("llama.expert_count", UInt32(8))
        $0.set("llama.expert_used_count", UInt32(2))
        try? $0.addTensor("blk.0.ffn_gate.0.weight", dimensions: [64, 128], format: .f32)
      },
      Hostile("a vocabulary of another size", "vocab_size") { $0.set("llama.vocab_size", UInt32(7)) },
      Hostile("an unknown architecture", "general.architecture") { $0.set("general.architecture", "gpt3") },
      Hostile("an architecture with a combining mark", "general.architecture") {
        $0.set("general.architecture", "llama\u{301}")
      },
      Hostile("an architecture that is a number", "general.architecture") { $0.set("general.architecture", UInt32(1)) },
      Hostile("tokens that are numbers", "tokenizer.ggml.tokens") {
        $0.set("tokenizer.ggml.tokens", array: [UInt32](repeating: 0, count: 300))
      },
    ]
    + ["yarn_beta_fast", "yarn_beta_slow", "yarn_ext_factor", "original_context_length"].map { name in
      Hostile("a bad \(name)", "rope.scaling.\(name)") {
        $0.set("llama.rope.scaling.type", "yarn")
        $0.set("llama.rope.scaling.factor", Float(4))
        $0.set("llama.rope.scaling.\(name)", Float(-1))
      }
    }
}

@Suite struct `A model's configuration` {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
  }

  private func configuration(_ change: @escaping (inout GGUFWriter) throws -> Void) throws -> ModelConfiguration {
    try TinyFile(change: change).write(to: path)
    return try ModelConfiguration(GGUFFile.open(path: path))
  }

  @Test(arguments: Hostile.counts + Hostile.unequalLayers + Hostile.numbers + Hostile.lists + Hostile.others)
  private func `is refused with the name of the key that is wrong`(hostile: Hostile) throws {
    let error = #expect(throws: ModelError.self) { try configuration(hostile.change) }
    guard case .file(let error) = error else { return }
    #expect(error.subject == .key(hostile.key))
    #expect(error.description.utf8.count <= 512 && error.expected.utf8.count <= 127)
  }

  @Test(arguments: [
    "block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
    "attention.layer_norm_rms_epsilon",
  ])
  func `is refused where a key is missing`(name: String) throws {
    var bytes = try TinyModel().bytes()
    try bytes.replaceFirst("llama." + name, by: "other." + name)
    try folder.write(bytes, to: "model.gguf")
    let error = #expect(throws: ModelError.self) { try ModelConfiguration(GGUFFile.open(path: path)) }
    guard case .file(let error) = error else { return }
    #expect(error.kind == .missing && error.subject == .key("llama." + name))
  }

  @Test func `of an unknown architecture is refused with the known ones`() throws {
    let error = #expect(throws: ModelError.self) { try configuration { $0.set("general.architecture", "gpt3") } }
    let text = error?.description ?? ""
    #expect(text.contains("'gpt3'") && text.contains("llama") && text.contains("qwen2"))
    #expect(text.contains("README") && !text.contains("…,"))
  }

  @Test(arguments: ["mamba2", "qwen35", "nemotron_h_moe"])
  func `of an architecture with recurrent layers is refused with that reason`(name: String) throws {
    let error = #expect(throws: ModelError.self) { try configuration { $0.set("general.architecture", name) } }
    let text = error?.description ?? ""
    #expect(text.hasSuffix("expected one without recurrent layers, which Apus does not compute yet, found '\(name)'"))
  }

  @Test func `has its defaults where keys are absent`() throws {
    let configuration = try configuration { _ in }
    let expected = KVLayerLayout(kvHeads: 2, keyDimension: 16, valueDimension: 16)
    #expect(configuration.cacheLayers == [expected, expected])
    #expect(configuration.plan.layers.allSatisfy { $0.mixer.window == nil })
    let rope = try #require(configuration.plan.ropes.first?.configuration)
    #expect(rope.base == 10_000 && rope.scaling == .none && rope.attentionFactor == 1)
  }

  @Test func `takes arrays of one value for all layers, and integers of any type`() throws {
    let configuration = try configuration {
      $0.set("llama.attention.head_count", array: [Int32(4), 4])
      $0.set("llama.attention.head_count_kv", UInt8(2))
      $0.set("llama.feed_forward_length", UInt64(128))
      $0.set("llama.attention.sliding_window", UInt32(7))
      $0.set("llama.attention.layer_norm_rms_epsilon", Double(1e-6))
    }
    #expect(configuration.cacheLayers.map(\.kvHeads) == [2, 2])
    #expect(configuration.plan.layers.map(\.mixer.window) == [7, 7])
    #expect(configuration.plan.tensors.contains { $0.name == "blk.1.ffn_up.weight" && $0.rows == 128 })
  }

  @Test func `reads every kind of rope scaling`() throws {
    let linear = try configuration { $0.set("llama.rope.scaling.factor", Float(4)) }
    #expect(linear.plan.ropes.first?.configuration.scaling == .linear(factor: 4))
    let legacy = try configuration { $0.set("llama.rope.scale_linear", Float(2)) }
    #expect(legacy.plan.ropes.first?.configuration.scaling == .linear(factor: 2))
    let none = try configuration {
      $0.set("llama.rope.scaling.type", "none")
      $0.set("llama.rope.scaling.factor", Float(4))
    }
    #expect(none.plan.ropes.first?.configuration.scaling == RopeConfiguration.Scaling.none)
    let yarn = try configuration {
      $0.set("llama.rope.scaling.type", "yarn")
      $0.set("llama.rope.scaling.factor", Float(4))
      $0.set("llama.rope.scaling.original_context_length", UInt32(128))
      $0.set("llama.rope.scaling.yarn_beta_fast", Float(16))
    }
    var expected = RopeConfiguration.YaRN(factor: 4, originalContextLength: 128)
    expected.betaFast = 16
    #expect(yarn.plan.ropes.first?.configuration.scaling == .yarn(expected))
  }
}
