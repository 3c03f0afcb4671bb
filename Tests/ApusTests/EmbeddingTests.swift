internal import Apus
internal import ApusTestSupport
internal import Testing

/// What the library makes of texts, over tiny models.
struct `Embedding and ranking` {
  private let tiny: TestModel

  init() throws { tiny = try TestModel { $0.pooling = .mean } }

  private func distance(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).map { abs($0 - $1) }.max() ?? .infinity }

  @Test func `each text has one vector, whatever is asked with it, of length 1 by default`() async throws {
    let model = try await tiny.load()
    #expect(model.information.purpose == .embedding(dimensions: 64))
    let texts = ["the monster", "a", "the sea and the ice"]
    let plain = try await model.embed(texts, options: EmbeddingOptions(isNormalized: false))
    let normalized = try await model.embed(texts)
    for (embedding, normalized) in zip(plain, normalized) {
      let length = embedding.vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(distance(embedding.vector.map { $0 / length }, normalized.vector) < 1e-6)
      #expect(!normalized.isTruncated && normalized.tokenCount > 1)
    }
    for (text, embedding) in zip(texts, normalized) { #expect(try await model.embed(text) == embedding) }
    #expect(try await model.embed(texts.reversed()) == normalized.reversed())
  }

  @Test func `a reranker that answers yes or no gives a probability for each document`() async throws {
    let reranker = try TestModel {
      $0.pooling = .ranking
      $0.contextLength = 1024
    }
    let model = try await reranker.load()
    #expect(model.information.purpose == .ranking(labels: ["no", "yes"]))
    let documents = ["Bamboo.", "A bear of China.", "Bamboo."]
    let scores = try await model.rank("What do pandas eat?", documents)
    #expect(scores.count == 3 && scores.allSatisfy { (0...1).contains($0.score) })
    #expect(scores[0] == scores[2] && scores[0].score != scores[1].score)
    let long = String(repeating: "bamboo ", count: 2000)
    await #expect(throws: ApusError.self) { try await model.rank("Pandas?", [long]) }
    let cut = try await model.rank("Pandas?", [long], truncates: true)[0]
    #expect(cut.isTruncated && cut.tokenCount <= 1024)
  }

  @Test func `a text that is too long is an error, or cut where that is asked for`() async throws {
    let model = try await tiny.load()
    let long = String(repeating: "monster ", count: 500)
    await #expect(throws: ApusError.self) { try await model.embed(long) }
    let tokenCount = model.tokenize(long).count
    #expect(throws: ApusError.contextLengthExceeded(limit: 512, requested: tokenCount + 1, prompt: tokenCount)) {
      _ = try model.engine.submit(
        GenerationRequest(pooling: PooledPositions(0..<tokenCount, isWhole: true), of: model.tokenize(long)))
    }
    let cut = try await model.embed(long, options: EmbeddingOptions(truncates: true))
    #expect(cut.isTruncated && cut.tokenCount == model.information.contextLength)
    let shorter = try await model.embed(long + long, options: EmbeddingOptions(truncates: true))
    #expect(shorter.vector == cut.vector)
  }

  @Test func `tokens are taken as they are, and make the vector of their text`() async throws {
    let model = try await tiny.load()
    let tokens = model.tokenize("the monster")
    let inputs = try model.embeddingInputs([.tokens(tokens), .tokens(Array(tokens.dropFirst()))], EmbeddingOptions())
    #expect(inputs.map(\.tokens) == [tokens, Array(tokens.dropFirst())])
    let vectors = try await model.embed(inputs, EmbeddingOptions())
    let text = try await model.embed("the monster")
    #expect(vectors[0] == text && vectors[1] != text)
    #expect(throws: ApusError.self) { try model.embeddingInputs([.tokens([])], EmbeddingOptions()) }
    #expect(throws: ApusError.stopped) { try model.embeddingInputs([.text("a")], EmbeddingOptions()) { true } }
    let long = EmbeddingText.tokens(Array(repeating: tokens[1], count: 600))
    #expect(throws: ApusError.self) { try model.embeddingInputs([long], EmbeddingOptions()) }
    let cut = try model.embeddingInputs([long], EmbeddingOptions(truncates: true))
    #expect(cut[0].tokens.count == model.information.contextLength)
  }

  @Test func `a model is asked only for what it is made for`() async throws {
    let encoder = try await tiny.load()
    await #expect(throws: ApusError.self) { try await encoder.complete("Once") }
    await #expect(throws: ApusError.self) { try await encoder.rank("a", ["b"]) }
    let ranking = try TestModel { $0.pooling = .ranking }
    let reranker = try await ranking.load()
    await #expect(throws: ApusError.self) { try await reranker.embed("a") }
  }

  @Test func `a model that generates text makes vectors by a pooling that is named, and goes on`() async throws {
    let generating = try TestModel()
    let generator = try await generating.load()
    #expect(generator.information.purpose == .generation)
    await #expect(throws: ApusError.self) { try await generator.embed("a") }
    let vectors = try await generator.embed(["a", "b"], options: EmbeddingOptions(pooling: .mean))
    #expect(vectors[0].vector != vectors[1].vector)
    let before = try await generator.complete("I am", options: .greedy(4))
    // The cache is overwritten meanwhile.
    _ = try await generator.embed("something else", options: EmbeddingOptions(pooling: .last))
    #expect(try await generator.complete("I am", options: .greedy(4)).text == before.text)
  }
}
