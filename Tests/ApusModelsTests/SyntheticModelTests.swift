internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation
internal import Testing

/// A shape of about a megabyte whose rows are whole quant blocks of every format.
private func tinyShape(architecture: String = "llama", isTied: Bool = false) -> ModelShape {
  ModelShape(
    "tiny", architecture, layers: 2, hiddenSize: 256, feedForwardSize: 512, heads: 4, kvHeads: 2, vocabularySize: 700,
    contextLength: 256, isTied: isTied
  ).with(ModelShape.rms(1e-5), tensors: architecture == "qwen2" ? ModelShape.queryKeyValueBiases : [])
}

extension FormatMix: CustomTestStringConvertible {
  package var testDescription: String { name }
}

@Suite struct `A synthetic model` {
  private let folder: TemporaryFolder
  private let path: String
  private let tokens = (0..<48).map { Token(($0 * 61) % 441 + 259) }

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
  }

  private func write(_ shape: ModelShape, _ mix: FormatMix, seed: UInt64 = 1) throws -> Data {
    try SyntheticModel(shape, mix, seed: seed).write(to: path)
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test(arguments: FormatMix.allCases)
  func `of any format is a valid file with logits of ordinary size`(mix: FormatMix) throws {
    _ = try write(tinyShape(), mix)
    let file = try GGUFFile.open(path: path)
    #expect(try file.metadata.uint32("general.file_type") == mix.fileType)
    #expect(file.tensors.count == 3 + 2 * 9)
    // Takes every tensor by name and shape, and refuses to leave one.
    try checkLogits(GGUFFile.open(path: path))
  }

  @Test(arguments: [("llama", true), ("qwen2", true), ("qwen2", false)])
  func `may be tied and have biases`(architecture: String, isTied: Bool) throws {
    _ = try write(tinyShape(architecture: architecture, isTied: isTied), .q4_0)
    let file = try GGUFFile.open(path: path)
    #expect((file.tensor(named: "output.weight") == nil) == isTied)
    #expect((file.tensor(named: "blk.1.attn_k.bias") != nil) == (architecture == "qwen2"))
    try checkLogits(file)
  }

  /// A model of a published shape with some numbers made small.
  private func small(_ name: String, layers: Int, _ keys: [(String, ModelShape.Value)]) throws -> ModelShape {
    var shape = try #require(ModelShape(named: name)).with(keys)
    (shape.layers, shape.hiddenSize, shape.vocabularySize, shape.contextLength) = (layers, 256, 700, 256)
    return shape
  }

  @Test(arguments: [FormatMix.q8_0, .q4_K_M, .f32], ["gemma3n-e2b", "gemma4-e2b", "gemma4-26b-a4b"])
  func `may have streams, inputs of layers, and keys of other layers`(mix: FormatMix, name: String) throws {
    let isSharing = name.hasSuffix("e2b")
    let keys: [(String, ModelShape.Value)] = [
      ("feed_forward_length", .integer(512)),
      isSharing ? ("attention.shared_kv_layers", .integer(5)) : ("expert_feed_forward_length", .integer(256)),
    ]
    _ = try write(small(name, layers: isSharing ? 10 : 6, keys), mix)
    try checkLogits(GGUFFile.open(path: path), repeatsInput: true)
  }

  @Test func `may have keys and values that no layer reads`() throws {
    let keys: [(String, ModelShape.Value)] = [
      ("feed_forward_length", .integer(512)), ("attention.shared_kv_layers", .integer(5)),
    ]
    for name in ["gemma3n-e2b", "gemma4-e2b"] {
      var writer = try SyntheticModel(small(name, layers: 10, keys), .f32, seed: 1).writer()
      for tensor in ["attn_k.weight", "attn_v.weight", "attn_k_norm.weight"] {
        try writer.addTensor("blk.9." + tensor, dimensions: [256], format: .f32)
      }
      let entries = writer.tensors
      try writer.write(to: path) { index, emit in
        let one: [UInt8] = [0, 0, 0x80, 0x3F]
        try emit((0..<entries[index].byteCount / 4).flatMap { _ in one }.span)
      }
      #expect(throws: Never.self) { try LanguageModel(GGUFFile.open(path: path), backend: makeBackend()) }
    }
  }

  @Test(arguments: ["minilm-l6", "nomic-embed-v1.5", "nomic-embed-v2-moe", "jina-v2-base", "modernbert-base"])
  func `may be an encoder`(name: String) throws {
    let shape = try small(
      name, layers: 3,
      [
        ("feed_forward_length", .integer(512)), ("attention.head_count", .integer(4)),
        ("attention.head_count_kv", .integer(4)),
      ])
    _ = try write(shape, .q8_0)
    let model = try LanguageModel(GGUFFile.open(path: path), backend: makeBackend())
    let kind = try #require(model.configuration.pooling).kind
    for text in [tokens, tokens.reversed()] {
      var runner = try SequenceRunner(model, positions: 256)
      try runner.step(
        text.enumerated().map { SequenceRunner.Row($1, position: $0) },
        wanted: WantedRows(vectors: [kind.positions(of: text.count)]))
      // Normed rows have a length of 16; their mean is shorter.
      let length = runner.vector(0).reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(length > 1 && length < 17)
    }
  }

  /// Logits are about standard normal, so that probabilities are neither flat nor on one token.
  ///
  /// An embedding that is scaled and also the output's matrix makes the input's own token likely: with `repeatsInput`
  /// that one does not count.
  private func checkLogits(_ file: GGUFFile, repeatsInput: Bool = false) throws {
    let runner = try ModelRunner(file, makeBackend(), positions: 64)
    var bests: Set<Int> = []
    try runner.forEachLogits(tokens) { position, logits in
      let squares = logits.reduce(0) { $0 + Double($1 * $1) } / Double(logits.count)
      #expect(squares > 0.5 && squares < 2, "position \(position)")
      var others = Array(logits)
      if repeatsInput { others.remove(at: Int(tokens[position])) }
      let entropy = entropy(of: others[...])
      #expect(entropy > 4.5 && entropy < 6.5, "position \(position): \(entropy)")
      bests.insert(bestIndex(logits))
    }
    #expect(bests.count > tokens.count / 4, "the same token again and again")
  }

  /// In nats; log 700 = 6.55 for equal logits.
  private func entropy(of logits: ArraySlice<Float>) -> Double {
    let weights = logits.map { exp(Double($0)) }
    let sum = weights.reduce(0, +)
    return log(sum) - zip(weights, logits).reduce(0) { $0 + $1.0 * Double($1.1) } / sum
  }

  @Test(arguments: [FormatMix.f16, .q8_0, .q4_K_M])
  func `has the same bytes for the same seed and others for another`(mix: FormatMix) throws {
    let first = try write(tinyShape(), mix, seed: 7)
    #expect(try write(tinyShape(), mix, seed: 7) == first)
    #expect(try write(tinyShape(), mix, seed: 8) != first)
  }

  @Test func `begins with the same weights when it has fewer layers`() throws {
    var shape = tinyShape()
    _ = try write(shape, .q4_0)
    let long = try GGUFFile.open(path: path)
    shape.layers = 1
    _ = try write(shape, .q4_0)
    let short = try GGUFFile.open(path: path)
    for tensor in short.tensors.dropLast(2) {
      let other = try #require(long.tensor(named: tensor.name))
      let isSame = long.bytes(of: other).bytesEqual(short.bytes(of: tensor))
      #expect(isSame, "\(tensor.name)")
    }
  }

  @Test func `tells how far it is, and leaves nothing behind when it is stopped`() throws {
    struct Stop: Error {}
    let model = SyntheticModel(tinyShape(), .f32, seed: 1)
    var reports: [(Int, Int)] = []
    try model.write(to: path) { reports.append(($0, $1)) }
    let total = try model.writer().tensors.reduce(0) { $0 + $1.byteCount }
    #expect(reports.allSatisfy { $0.1 == total } && reports.last?.0 == total)
    #expect(reports.map(\.0) == reports.map(\.0).sorted())
    let stopped = folder.path("stopped.gguf")
    #expect(throws: Stop.self) { try model.write(to: stopped) { _, _ in throw Stop() } }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["model.gguf"])
  }

  @Test(arguments: [260, 700, 32_000, 151_936])
  func `has a vocabulary of any size that every text can be written with`(count: Int) throws {
    let shape = ModelShape(
      "tiny", layers: 2, hiddenSize: 32, feedForwardSize: 32, heads: 1, kvHeads: 1, vocabularySize: count,
      contextLength: 256
    ).with(ModelShape.rms(1e-5))
    _ = try write(shape, .q4_0)
    let tokenizer = try makeTokenizer(GGUFFile.open(path: path))
    #expect(tokenizer.vocabulary.count == count)
    let texts = Set((0..<count).map { Array(tokenizer.vocabulary.texts[$0]) })
    #expect(texts.count == count, "a token twice")
    let text = "Why is the sky blue?\n\"Él\" asked: 東京 <s> {x}"
    let found = tokenizer.encode(Array(text.utf8), addSpecial: true, parseSpecial: false)
    #expect(tokenizer.decode(found) == Array(text.utf8))
    if count == 32_000 { #expect(found.count < text.utf8.count, "no strings of letters") }
  }
}

extension Span<UInt8> {
  fileprivate func bytesEqual(_ other: Span<UInt8>) -> Bool {
    count == other.count && indices.allSatisfy { self[$0] == other[$0] }
  }
}
