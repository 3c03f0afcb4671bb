internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import Testing

@Suite struct `A plan` {
  /// Uses of the tensors whose names begin with `prefix`, by the rest of their names.
  private func uses(_ configuration: ModelConfiguration, _ prefix: String) -> [String: TensorPlan.Use] {
    let tensors = configuration.plan.tensors.filter { $0.name.hasPrefix(prefix) }
    return Dictionary(tensors.map { (String($0.name.dropFirst(prefix.count)), $0.use) }) { first, _ in first }
  }

  @Test func `has kept rows only behind the last attention`() throws {
    var file = PublishedFile(architecture: "qwen3moe", layers: 2)
    file.keys = { writer, name in
      writer.set(name("expert_count"), UInt32(8))
      writer.set(name("expert_used_count"), UInt32(2))
    }
    let configuration = try file.configuration()
    let (first, last) = (uses(configuration, "blk.0."), uses(configuration, "blk.1."))
    #expect(first.keys == last.keys)
    for (name, use) in first {
      #expect(use == (name.contains("_exps") ? .experts(used: 2, isKept: false) : .everyRow), "\(name)")
    }
    let all: Set = [
      "attn_norm.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_q_norm.weight", "attn_k_norm.weight",
    ]
    for (name, use) in last where !name.contains("_exps") {
      #expect(use == (all.contains(name) ? .everyRow : .keptRows), "\(name)")
    }
    #expect(last["ffn_down_exps.weight"] == .experts(used: 2, isKept: true))
    #expect(uses(configuration, "output_norm") == [".weight": .keptRows])
    #expect(configuration.plan.tensors.filter { $0.name == "token_embd.weight" }.map(\.use) == [.table, .keptRows])
  }

  @Test func `of latent attention or several streams knows what comes behind the mixer`() throws {
    var file = PublishedFile(architecture: "deepseek2", layers: 1)
    file.keys = { writer, name in
      writer.set(name("attention.kv_lora_rank"), UInt32(32))
      writer.set(name("rope.dimension_count"), UInt32(16))
    }
    let latent = uses(try file.configuration(), "blk.0.attn_")
    #expect(latent["k_b.weight"] == .everyRow)
    #expect(latent["v_b.weight"] == .keptRows && latent["output.weight"] == .keptRows)
    let streams = try PublishedFile(architecture: "gemma3n", layers: 2).configuration()
    #expect(uses(streams, "blk.1.altup_")["predict_coef.weight"] == .everyRow)
    #expect(uses(streams, "blk.1.altup_")["correct_coef.weight"] == .keptRows)
    #expect(uses(streams, "altup_") == ["proj.weight": .everyRow, "unembd_proj.weight": .keptRows])
    #expect(uses(streams, "per_layer_token_embd") == [".weight": .table])
  }

  @Test(arguments: [UInt32(1), 2, 3])
  func `that pools all rows keeps them all`(pooling: UInt32) throws {
    var file = PublishedFile(architecture: "bert", layers: 2, kvHeads: 4)
    file.keys = { writer, name in writer.set(name("pooling_type"), pooling) }
    let use = uses(try file.configuration(), "blk.1.")["ffn_down.weight"]
    #expect(use == (pooling == 1 ? .everyRow : .keptRows))
  }

  @Test func `of Gemma 4 takes queries, keys and values from one tensor`() throws {
    var file = PublishedFile(architecture: "gemma4", layers: 3)
    file.keys = { writer, name in
      for (key, value) in [("", UInt32(128)), ("_swa", 64)] {
        writer.set(name("attention.key_length" + key), value)
        writer.set(name("attention.value_length" + key), value)
      }
      writer.set(name("attention.sliding_window"), UInt32(512))
      writer.set(name("attention.sliding_window_pattern"), array: [true, false, false])
      writer.set(name("attention.shared_kv_layers"), UInt32(1))
    }
    file.tensors = Dictionary(uniqueKeysWithValues: (0..<3).map { ("blk.\($0).attn_qkv.weight", [1]) })
    let tensors = try file.configuration().plan.tensors
    for (layer, head) in [(0, 64), (1, 128)] {
      let parts = tensors.filter { $0.name == "blk.\(layer).attn_qkv.weight" }
      #expect(parts.map(\.firstRow) == [0, 4 * head, 6 * head])
      #expect(parts.allSatisfy { $0.fileRows == 8 * head })
    }
    #expect(tensors.filter { $0.name == "blk.2.attn_qkv.weight" }.map(\.rows) == [4 * 128])
  }

  @Test(arguments: [("modern-bert", Float(1.6e5)), ("olmo2", 1.6e5), ("gemma3", 10_000), ("gemma4", 10_000)])
  func `has the same RoPE for windows where a file states none, but for Gemma`(name: String, base: Float) throws {
    var file = PublishedFile(architecture: name, layers: 6)
    file.keys = { writer, name in
      writer.set(name("attention.key_length"), UInt32(64))
      writer.set(name("attention.value_length"), UInt32(64))
      writer.set(name("attention.sliding_window"), UInt32(128))
      writer.set(name("rope.freq_base"), Float(1.6e5))
    }
    let keys = file.keys
    #expect(try file.configuration().plan.ropes.map(\.configuration.base) == [1.6e5, base])
    file.keys = { writer, name in
      keys(&writer, name)
      writer.set(name("rope.freq_base_swa"), Float(500))
      writer.set(name("rope.dimension_count_swa"), UInt32(32))
    }
    let ropes = try file.configuration().plan.ropes.map(\.configuration)
    #expect(ropes.map(\.base) == [1.6e5, 500] && ropes.map(\.dimensions) == [64, 32])
  }

  @Test(arguments: [Float(1), 1.207_944_2, 1.208])
  func `takes the magnitude of YaRN that its factor gives`(stated: Float) throws {
    var file = PublishedFile(architecture: "qwen3", layers: 1)
    file.keys = { writer, name in
      writer.set(name("rope.scaling.type"), "yarn")
      writer.set(name("rope.scaling.factor"), Float(8))
      writer.set(name("rope.scaling.yarn_attn_factor"), stated)
    }
    let magnitude = try #require(try file.configuration().plan.ropes.first).configuration.parameters().magnitude
    #expect(abs(magnitude - 1.207_944_2) < 1e-6)
  }
}
