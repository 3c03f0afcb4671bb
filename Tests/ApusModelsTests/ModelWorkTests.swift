internal import ApusCore
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
