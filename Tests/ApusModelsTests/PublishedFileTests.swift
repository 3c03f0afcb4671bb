internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import Testing

// Facts of published files that the small reference models do not show: sizes by which models are told apart, keys that
// are missing or of another type, names of tensors.

@Suite struct `Plans of published files: attention` {
  @Test(arguments: [("gemma2", 46, Float(144)), ("gemma2", 42, 128), ("gemma3", 62, 144), ("gemma3", 48, 128)])
  func `Gemma's 27B models scale queries by the share of a head`(name: String, layers: Int, squared: Float) throws {
    var file = PublishedFile(architecture: name, layers: layers, hiddenSize: 576)
    file.keys = { writer, name in
      writer.set(name("attention.key_length"), UInt32(128))
      writer.set(name("attention.value_length"), UInt32(128))
    }
    let attention = try #require(try file.configuration().attention(0))
    #expect(attention.scale == 1 / squared.squareRoot())
  }

  @Test func `Gemma 3 stretches RoPE in layers without a window only`() throws {
    var file = PublishedFile(architecture: "gemma3", layers: 12)
    file.keys = { writer, name in
      writer.set(name("attention.sliding_window"), UInt32(1024))
      writer.set(name("rope.freq_base"), Float(1e6))
      writer.set(name("rope.scaling.type"), "linear")
      writer.set(name("rope.scaling.factor"), Float(8))
      writer.set(name("rope.scaling.attn_factor"), Float(1.5))
    }
    let configuration = try file.configuration()
    let ropes = configuration.plan.ropes.map(\.configuration)
    #expect(ropes.map(\.scaling) == [.linear(factor: 8), .none])
    #expect(ropes.map(\.base) == [1e6, 10_000])
    #expect(ropes.map(\.attentionFactor) == [1.5, 1])
    #expect(configuration.windows.map { $0 == 0 } == (0..<12).map { $0 % 6 == 5 })
    #expect((0..<12).map { configuration.attention($0)?.rope } == (0..<12).map { $0 % 6 == 5 ? 0 : 1 })
  }

  @Test func `Gemma 2 and EXAONE 4 32B have a window where the file does not state it`() throws {
    let gemma = try PublishedFile(architecture: "gemma2", layers: 4).configuration()
    #expect(gemma.windows == [4096, 0, 4096, 0])
    let exaone = try PublishedFile(architecture: "exaone4", layers: 64).configuration()
    #expect(exaone.windows.prefix(8) == [4096, 4096, 4096, 0, 4096, 4096, 4096, 0])
    #expect(exaone.hasRope == exaone.windows.map { $0 > 0 })
    let small = try PublishedFile(architecture: "exaone4", layers: 30).configuration()
    #expect(small.windows.allSatisfy { $0 == 0 } && small.hasRope.allSatisfy { $0 })
  }

  @Test func `OLMo 3 has YaRN in layers without a window only`() throws {
    var file = PublishedFile(architecture: "olmo2", layers: 8)
    file.keys = { writer, name in
      writer.set(name("attention.sliding_window"), UInt32(4096))
      writer.set(name("attention.sliding_window_pattern"), array: (0..<8).map { $0 % 4 != 3 })
      writer.set(name("rope.freq_base"), Float(5e5))
      writer.set(name("rope.scaling.type"), "yarn")
      writer.set(name("rope.scaling.factor"), Float(8))
      writer.set(name("rope.scaling.original_context_length"), UInt32(8192))
      writer.set(name("rope.scaling.yarn_attn_factor"), Float(1.207_944_2))
    }
    let configuration = try file.configuration()
    let ropes = configuration.plan.ropes.map(\.configuration)
    #expect(ropes.map(\.base) == [5e5, 5e5])
    #expect(ropes[1].scaling == .none && ropes[0].scaling == .yarn(.init(factor: 8, originalContextLength: 8192)))
    #expect(configuration.windows == [4096, 4096, 4096, 0, 4096, 4096, 4096, 0])
    #expect((0..<8).map { configuration.attention($0)?.rope } == [1, 1, 1, 0, 1, 1, 1, 0])
  }

  @Test(arguments: ["phi3", "qwen3", "mistral3", "granite", "gpt-oss", "olmo2", "stablelm", "glm4", "smollm3"])
  func `A part of a head may turn`(architecture: String) throws {
    var file = PublishedFile(architecture: architecture, layers: 2)
    file.keys = { writer, name in writer.set(name("rope.dimension_count"), UInt32(48)) }
    let ropes = try file.configuration().plan.ropes
    #expect(ropes.map(\.configuration.dimensions) == [48])
  }

  @Test func `GLM-4 whose RoPE has sections turns halves of a head`() throws {
    var file = PublishedFile(architecture: "glm4", layers: 2)
    #expect(try file.configuration().plan.ropes[0].configuration.pairing == .adjacent)
    file.keys = { writer, name in writer.set(name("rope.dimension_sections"), array: [Int32(8), 12, 12, 0]) }
    #expect(try file.configuration().plan.ropes[0].configuration.pairing == .split)
    file.keys = { writer, name in writer.set(name("rope.dimension_sections"), array: [Int32(0), 0, 0, 0]) }
    #expect(try file.configuration().plan.ropes[0].configuration.pairing == .adjacent)
  }

  @Test func `Granite 4 without RoPE says so in a key about tuning`() throws {
    var file = PublishedFile(architecture: "granite", layers: 3)
    #expect(try file.configuration().hasRope == [true, true, true])
    file.keys = { writer, name in
      writer.set(name("rope.scaling.finetuned"), false)
      writer.set(name("attention.head_count_kv"), array: [UInt32(2), 2, 2])
    }
    #expect(try file.configuration().hasRope == [false, false, false])
  }

  @Test func `Command R+ has norms of heads with a gain for each`() throws {
    var file = PublishedFile(architecture: "command-r", layers: 2)
    #expect(try file.configuration().dimensions(of: "blk.0.attn_q_norm.weight") == nil)
    file.tensors = ["blk.0.attn_q_norm.weight": [64, 4], "blk.0.attn_k_norm.weight": [64, 2]]
    let configuration = try file.configuration()
    #expect(configuration.dimensions(of: "blk.0.attn_q_norm.weight") == [64, 4])
    #expect(configuration.dimensions(of: "blk.0.attn_k_norm.weight") == [64, 2])
    #expect(configuration.dimensions(of: "blk.1.attn_q_norm.weight") == nil)
  }

  @Test(arguments: ["mistral3", "deepseek2"])
  func `Queries grow with their position where a key says so`(architecture: String) throws {
    var file = PublishedFile(architecture: architecture, layers: 1)
    func keys(_ writer: inout GGUFWriter, _ name: (String) -> String) {
      writer.set(name("attention.kv_lora_rank"), UInt32(32))
      writer.set(name("rope.dimension_count"), UInt32(16))
      writer.set(name("attention.temperature_scale"), Float(0.1))
      writer.set(name("rope.scaling.original_context_length"), UInt32(4096))
    }
    file.keys = keys
    #expect(try temperature(file)?.positions == 4096)
    #expect(try temperature(file)?.factor == 0.1)
    file.keys = { writer, name in
      keys(&writer, name)
      writer.set(name("attention.temperature_length"), UInt32(1024))
    }
    #expect(try temperature(file)?.positions == 1024)
  }

  private func temperature(_ file: PublishedFile) throws -> AttentionPlan.Temperature? {
    switch try file.configuration().plan.layers[0].mixer {
    case .attention(let plan): plan.temperature
    case .latent(let plan): plan.temperature
    case .convolution: nil
    }
  }

  @Test func `DeepSeek files of 2024 have one matrix for keys and values, which are cached whole`() throws {
    var file = PublishedFile(architecture: "deepseek2", layers: 1, kvHeads: 4)
    file.keys = { writer, name in
      writer.set(name("attention.kv_lora_rank"), UInt32(32))
      writer.set(name("attention.key_length"), UInt32(48))
      writer.set(name("attention.value_length"), UInt32(24))
      writer.set(name("rope.dimension_count"), UInt32(16))
    }
    file.tensors = ["blk.0.attn_kv_b.weight": [32, 224]]
    let old = try file.configuration()
    #expect(old.cacheLayers == [KVLayerLayout(kvHeads: 4, keyDimension: 48, valueDimension: 24)])
    // For each of four heads 48 - 16 values of a key that do not turn, and 24 of a value.
    #expect(old.dimensions(of: "blk.0.attn_kv_b.weight") == [32, 224, 1])
    #expect(old.dimensions(of: "blk.0.attn_q.weight") == [256, 192, 1])
    file.tensors["blk.0.attn_k_b.weight"] = [32, 32, 4]
    let both = try file.configuration()
    #expect(
      both.cacheLayers == [KVLayerLayout(kvHeads: 1, keyDimension: 48, valueDimension: 32, valuesAreKeys: true)])
    #expect(both.dimensions(of: "blk.0.attn_kv_b.weight") == nil)
  }

  @Test(arguments: [false, true])
  func `Gemma 3n's last layers read what others store`(isFloat: Bool) throws {
    var file = PublishedFile(architecture: "gemma3n", layers: 30)
    file.keys = { writer, name in
      writer.set(name("attention.sliding_window"), UInt32(512))
      writer.set(name("attention.sliding_window_pattern"), array: (0..<30).map { $0 % 5 != 4 })
      // The first files had a float here.
      if isFloat {
        writer.set(name("attention.shared_kv_layers"), Float(10))
      } else {
        writer.set(name("attention.shared_kv_layers"), UInt32(10))
      }
      writer.set(
        name("activation_sparsity_scale"), array: (0..<30).map { $0 < 10 ? Float(1.644_853_6) : -Float.infinity })
      writer.set(name("altup.num_inputs"), UInt32(4))
      writer.set(name("altup.active_idx"), UInt32(0))
      writer.set(name("embedding_length_per_layer_input"), UInt32(256))
    }
    let configuration = try file.configuration()
    #expect(configuration.cacheLayers.count == 20)
    let layers = (0..<30).map { configuration.attention($0)?.cacheLayer }
    #expect(layers == (0..<30).map { $0 < 20 ? $0 : $0 % 5 == 4 ? 19 : 18 })
    #expect(configuration.dimensions(of: "altup_proj.weight") == [256, 256, 3])
    #expect(configuration.dimensions(of: "blk.20.attn_k.weight") == nil)
  }

  @Test func `Gemma 4 without a count of key heads has as many as heads`() throws {
    var file = PublishedFile(architecture: "gemma4", layers: 2, kvHeads: 4)
    file.keys = { writer, name in
      writer.set(name("attention.key_length"), UInt32(64))
      writer.set(name("attention.sliding_window"), UInt32(512))
      writer.set(name("attention.sliding_window_pattern"), array: [true, false])
    }
    #expect(try file.configuration().cacheLayers.map(\.kvHeads) == [4, 4])
  }
}

@Suite struct `Plans of published files: feed-forward layers` {
  private func experts(_ architecture: String, layers: Int = 2) -> PublishedFile {
    var file = PublishedFile(architecture: architecture, layers: layers)
    file.keys = { writer, name in
      writer.set(name("expert_count"), UInt32(8))
      writer.set(name("expert_used_count"), UInt32(2))
    }
    return file
  }

  @Test func `Experts have the size of their tensor where no key has it`() throws {
    var file = experts("qwen2moe", layers: 1)
    file.tensors = ["blk.0.ffn_up_exps.weight": [256, 176, 8], "blk.0.ffn_up_shexp.weight": [256, 96]]
    let configuration = try file.configuration()
    #expect(configuration.dimensions(of: "blk.0.ffn_down_exps.weight") == [176, 256, 8])
    #expect(configuration.dimensions(of: "blk.0.ffn_down_shexp.weight") == [96, 256, 1])
  }

  @Test(arguments: ["gpt-oss", "qwen3moe"])
  func `A model of experts needs no size of dense layers`(architecture: String) throws {
    var file = experts(architecture, layers: 1)
    file.feedForwardSize = nil
    file.tensors = ["blk.0.ffn_up_exps.weight": [256, 64, 8]]
    let configuration = try file.configuration()
    #expect(configuration.dimensions(of: "blk.0.ffn_up_exps.weight") == [256, 64, 8])
  }

  @Test(arguments: ["exp_probs_b.bias", "exp_probs_b", "exp_probs_b.weight"])
  func `The bias for choosing experts has one of three names`(name: String) throws {
    for architecture in ["ernie4_5-moe", "glm4moe", "deepseek2"] {
      var file = experts(architecture, layers: 1)
      let keys = file.keys
      file.keys = { writer, name in
        keys(&writer, name)
        writer.set(name("attention.kv_lora_rank"), UInt32(32))
        writer.set(name("rope.dimension_count"), UInt32(16))
      }
      file.tensors = ["blk.0." + name: [8]]
      #expect(try file.configuration().dimensions(of: "blk.0." + name) == [8, 1, 1], "\(architecture)")
    }
  }

  @Test func `ERNIE 4.5 has experts in every so many layers behind the dense ones`() throws {
    var file = experts("ernie4_5-moe", layers: 6)
    let keys = file.keys
    file.keys = { writer, name in
      keys(&writer, name)
      writer.set(name("leading_dense_block_count"), UInt32(2))
      writer.set(name("interleave_moe_layer_step"), UInt32(2))
      writer.set(name("expert_feed_forward_length"), UInt32(64))
      writer.set(name("expert_shared_count"), UInt32(2))
    }
    let configuration = try file.configuration()
    let routed = (0..<6).filter { configuration.dimensions(of: "blk.\($0).ffn_gate_inp.weight") != nil }
    #expect(routed == [3, 5])
    #expect(configuration.dimensions(of: "blk.3.ffn_up_shexp.weight") == [256, 128, 1])
  }

  @Test(arguments: ["glm4moe", "glm4", "deepseek2"])
  func `Layers that predict further tokens are not run`(architecture: String) throws {
    var file = PublishedFile(architecture: architecture, layers: 4)
    file.keys = { writer, name in
      writer.set(name("nextn_predict_layers"), UInt32(1))
      writer.set(name("attention.kv_lora_rank"), UInt32(32))
      writer.set(name("rope.dimension_count"), UInt32(16))
    }
    let configuration = try file.configuration()
    #expect(configuration.layers == 3 && configuration.cacheLayers.count == 3)
    #expect(configuration.plan.tensors.allSatisfy { !$0.name.hasPrefix("blk.3.") })
  }

  @Test func `Granite with experts has a shared one without a gate where the file has it`() throws {
    var file = experts("granitemoe", layers: 1)
    let keys = file.keys
    file.keys = { writer, name in
      keys(&writer, name)
      writer.set(name("expert_shared_feed_forward_length"), UInt32(96))
    }
    #expect(try file.configuration().dimensions(of: "blk.0.ffn_up_shexp.weight") == nil)
    file.tensors = ["blk.0.ffn_up_shexp.weight": [256, 96]]
    let configuration = try file.configuration()
    #expect(configuration.dimensions(of: "blk.0.ffn_gate_shexp.weight") == [256, 96, 1])
    #expect(configuration.dimensions(of: "blk.0.ffn_gate_inp_shexp.weight") == nil)
  }
}
