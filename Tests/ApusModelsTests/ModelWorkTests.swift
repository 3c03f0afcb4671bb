internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import Testing

@Suite struct `A model's work` {
  private func work(_ change: (inout TinyModel) -> Void = { _ in }) throws -> (ModelWork, TinyModel, ModelFile) {
    let folder = try TemporaryFolder()
    var model = TinyModel()
    (model.format, model.hiddenSize, model.feedForwardSize) = (.q8_0, 128, 256)
    change(&model)
    try model.write(to: folder.path("tiny.gguf"))
    let file = try ModelFile(path: folder.path("tiny.gguf"))
    return (file.work, model, file)
  }

  /// Weights of one layer before and behind its attention, and of the output.
  private func weights(_ model: TinyModel, _ file: ModelFile) -> (attention: Int, feedForward: Int, output: Int) {
    let (hidden, inner) = (model.hiddenSize, model.feedForwardSize)
    let kv = hidden / model.heads * model.kvHeads
    return (
      2 * hidden * hidden + 2 * hidden * kv, 3 * hidden * inner, hidden * file.configuration.vocabularySize
    )
  }

  @Test func `is twice the weights of all rows, and behind the last attention of the rows with logits`() throws {
    let (work, model, file) = try work()
    let (attention, feedForward, output) = weights(model, file)
    let step = work.step(rows: 10, logitRows: 2, contexts: [10], format: .f16)
    // Only rows with logits have their attention projected in the last layer.
    let last = model.hiddenSize * model.hiddenSize + feedForward + output
    let common = 2 * attention - model.hiddenSize * model.hiddenSize + feedForward
    #expect(step.quantizedOperations == 2 * (10 * common + 2 * last))
    #expect(step.denseOperations == 0)
    #expect(work.step(rows: 10, logitRows: 0, contexts: [10], format: .f16).quantizedOperations == 20 * common)
  }

  @Test func `reads each weight once a step, and one row of the embedding for each token`() throws {
    let (work, model, file) = try work()
    let (attention, feedForward, output) = weights(model, file)
    let bytes = { (weights: Int) in weights / 32 * 34 }
    let (norms, finalNorms) = (3 * model.hiddenSize * 4, 2 * model.hiddenSize * 4)
    let rows = bytes(model.hiddenSize)
    // All of a layer's norms, but the last layer's second and the output's, are for all rows.
    let projection = model.hiddenSize * model.hiddenSize
    let common = bytes(2 * attention - projection + feedForward) + norms
    #expect(work.step(rows: 5, logitRows: 0, contexts: [5], format: .f16).weightByteCount == common + 5 * rows)
    let all = common + bytes(projection + feedForward + output) + finalNorms
    #expect(work.step(rows: 5, logitRows: 5, contexts: [5], format: .f16).weightByteCount == all + 5 * rows)
  }

  @Test func `a tied embedding is read as output`() throws {
    let (tied, model, file) = try work { $0.isTied = true }
    let (untied, _, _) = try work()
    let step = { (work: ModelWork) in work.step(rows: 1, logitRows: 1, contexts: [1], format: .f16) }
    #expect(step(tied) == step(untied))
    #expect(weights(model, file).output > 0)
  }

  @Test func `dense weights are counted apart`() throws {
    let (dense, _, _) = try work { $0.format = .f16 }
    let (quantized, _, _) = try work()
    let step = { (work: ModelWork) in work.step(rows: 3, logitRows: 1, contexts: [3], format: .f16) }
    #expect(step(dense).quantizedOperations == 0)
    #expect(step(dense).denseOperations == step(quantized).quantizedOperations)
  }

  @Test func `reads the keys and values of every sequence and writes those of every row`() throws {
    let (work, model, _) = try work()
    // Keys and values of all layers at one position.
    let values = 2 * model.layers * model.hiddenSize / model.heads * model.kvHeads
    let step = { (format: KVFormat) in work.step(rows: 2, logitRows: 2, contexts: [100, 50], format: format) }
    #expect(step(.f16).kvByteCount == (100 + 50 + 2) * values * 2)
    #expect(step(.q8_0).kvByteCount == (100 + 50 + 2) * values / 32 * 34)
  }
}

@Suite struct `The work of a shape` {
  /// A model of two layers with four heads of 64 values, two of them with keys and values.
  private func work(
    _ architecture: String = "llama", _ keys: [(String, ModelShape.Value)] = []
  ) throws -> ModelWork {
    let shape = ModelShape(
      "tiny", architecture, layers: 2, hiddenSize: 256, feedForwardSize: 512, heads: 4, kvHeads: 2,
      vocabularySize: 700, contextLength: 256
    ).with(ModelShape.rms(1e-5) + keys)
    let folder = try TemporaryFolder()
    try SyntheticModel(shape, .q8_0, seed: 1).write(to: folder.path("model.gguf"))
    return try ModelFile(path: folder.path("model.gguf"), mode: .read).work
  }

  /// Bytes of a position's keys and values of one layer in F16.
  private static let position = 2 * 2 * 64 * 2

  @Test func `with one expert is that of a dense layer, and its router's`() throws {
    let (one, dense) = try (work("llama", [("expert_count", .integer(1)), ("expert_used_count", .integer(1))]), work())
    let step = { (work: ModelWork) in work.step(rows: 6, logitRows: 2, contexts: [6], format: .f16) }
    #expect(step(one).quantizedOperations == step(dense).quantizedOperations)
    #expect(step(one).weightByteCount == step(dense).weightByteCount + 2 * 256 * 4)
  }

  @Test func `with a window has the keys of all rows' windows`() throws {
    let work = try work("llama", [("attention.sliding_window", .integer(8))])
    let bytes = { (rows: Int, contexts: [Int]) in
      work.step(rows: rows, logitRows: 0, contexts: contexts, format: .f16).kvByteCount / (2 * Self.position)
    }
    #expect(bytes(1, [100]) == 8 + 1 && bytes(1, [5]) == 5 + 1)
    #expect(bytes(2, [100, 50]) == 16 + 2)
    #expect(bytes(4, [100]) == 11 + 4 && bytes(100, [100]) == 100 + 100)
  }

  @Test func `of an encoder has the keys of each layer, with a window too`() throws {
    let keys: [(String, ModelShape.Value)] = [("attention.layer_norm_epsilon", .number(1e-5))]
    for window in [[], [("attention.sliding_window", ModelShape.Value.integer(8))]] {
      let step = try work("modern-bert", keys + window).step(rows: 50, logitRows: 1, contexts: [50], format: .f16)
      #expect(step.kvByteCount == (50 + 50) * 2 * Self.position)
    }
  }

  @Test func `of any size does not overflow`() throws {
    let most = 1 << 16
    var file = PublishedFile(
      architecture: "llama", layers: 1024, hiddenSize: 1 << 20, heads: most, kvHeads: most, feedForwardSize: 1 << 24)
    file.keys = { writer, name in
      for key in ["attention.key_length", "attention.value_length"] { writer.set(name(key), UInt32(most)) }
      writer.set(name("rope.dimension_count"), UInt32(most))
      writer.set(name("expert_count"), UInt32(1 << 14))
      writer.set(name("expert_used_count"), UInt32(1 << 14))
    }
    for layer in 0..<1024 {
      for name in ["attn_q", "attn_k", "ffn_up_exps"] { file.tensors["blk.\(layer).\(name).weight"] = [1] }
    }
    let work = try file.file().work
    var sum = work.step(rows: .max, logitRows: .max, contexts: [.max, .max], format: .f32)
    #expect(sum.operations > 1 << 50 && sum.kvByteCount > 1 << 50)
    sum += work.step(rows: 512, logitRows: 1, contexts: [1 << 30], format: .f32)
    #expect(sum.byteCount > 1 << 50)
  }
}
