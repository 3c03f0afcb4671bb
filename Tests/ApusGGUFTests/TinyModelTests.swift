internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Testing

@Suite struct TinyModelTests {
  @Test(arguments: TensorFormat.allCases)
  func `The generated model opens in every format`(format: TensorFormat) throws {
    var model = TinyModel()
    model.format = format
    model.hiddenSize = max(64, format.blockElements)
    model.feedForwardSize = 2 * model.hiddenSize
    let file = try model.open()
    #expect(file.tensors.count == 3 + 9 * model.layers)
    let embedding = try file.weightSource(named: "token_embd.weight")
    #expect(embedding.format == format && embedding.columns == model.hiddenSize)
    #expect(try file.metadata.requireStrings("tokenizer.ggml.tokens").count == embedding.rows)
  }

  @Test func `The same seed gives the same file, another seed another one`() throws {
    var model = TinyModel()
    let bytes = try model.bytes()
    #expect(try model.bytes() == bytes)
    model.seed = 2
    #expect(try model.bytes() != bytes)
    #expect(try model.bytes().count == bytes.count)
  }
}
