internal import Apus
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// What the library makes of texts, over the models of the reference data that have embeddings.
@Suite(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
struct `Embedding and ranking` {
  private struct Entry: Decodable {
    struct Case: Decodable {
      var row: Int
      var text: String?
      var text_pair: String?
    }
    var file: String
    var n_out: Int
    var embeddings_file: String
    var cases: [Case]
  }

  private static func folder(_ name: String) throws -> URL {
    try #require(TestData.folder).appendingPathComponent("architectures/" + name)
  }

  private static func load(_ path: String, _ change: (inout LoadOptions) -> Void = { _ in }) async throws -> Model {
    var options = LoadOptions(threads: 1)
    change(&options)
    return try await Model.load(try folder(path).path, options: options)
  }

  /// An entry and its expected rows.
  private static func entry(_ architecture: String, _ file: String) throws -> (entry: Entry, rows: [[Float]]) {
    struct List: Decodable { var models: [Entry] }
    let folder = try folder(architecture)
    let data = try Data(contentsOf: folder.appendingPathComponent("embeddings.json"))
    let entry = try #require(try JSONDecoder().decode(List.self, from: data).models.first { $0.file == file })
    let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(entry.embeddings_file)))
    let values = stride(from: 0, to: bytes.count, by: 4).map { i in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[i + $1]) << (8 * UInt32($1)) })
    }
    return (entry, stride(from: 0, to: values.count, by: entry.n_out).map { Array(values[$0..<$0 + entry.n_out]) })
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).map { abs($0 - $1) }.max() ?? .infinity }

  @Test(arguments: [("bert", "bert-cls-f32.gguf"), ("bert", "bert-mean-f32.gguf"), ("nomic-bert", "nomic-bert-f32.gguf")])
  func `texts become the stored vectors`(architecture: String, file: String) async throws {
    let (entry, rows) = try Self.entry(architecture, file)
    let model = try await Self.load("\(architecture)/\(file)")
    #expect(model.information.purpose == .embedding(dimensions: entry.n_out))
    let cases = entry.cases.filter { $0.text != nil && $0.text_pair == nil }
    let texts = cases.compactMap(\.text)
    let plain = try await model.embed(texts, options: EmbeddingOptions(isNormalized: false))
    for (item, embedding) in zip(cases, plain) { #expect(distance(embedding.vector, rows[item.row]) < 1e-3) }
    for (embedding, normalized) in zip(plain, try await model.embed(texts)) {
      let length = embedding.vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(distance(embedding.vector.map { $0 / length }, normalized.vector) < 1e-6)
      #expect(!normalized.isTruncated && normalized.tokenCount > 1)
    }
    #expect(try await model.embed(texts[0]) == model.embed(texts)[0])
  }

  @Test func `pairs become the stored scores`() async throws {
    let (entry, rows) = try Self.entry("bert", "bert-rerank-f32.gguf")
    let model = try await Self.load("bert/bert-rerank-f32.gguf")
    #expect(model.information.purpose == .ranking(labels: ["score"]))
    for item in entry.cases {
      guard let query = item.text, let document = item.text_pair else { continue }
      let score = try await model.rank(query, [document])[0].score
      #expect(abs(score - rows[item.row][0]) < 1e-3)
    }
  }

  @Test func `a reranker that answers yes or no gives a probability for each document`() async throws {
    let model = try await Self.load("qwen3-embedding/qwen3-reranker-f32.gguf") { $0.contextLength = 512 }
    let documents = ["Bamboo.", "A bear of China.", "Bamboo."]
    let scores = try await model.rank("What do pandas eat?", documents)
    #expect(scores.count == 3 && scores.allSatisfy { (0...1).contains($0.score) })
    #expect(scores[0] == scores[2] && scores[0].score != scores[1].score)
    let long = String(repeating: "bamboo ", count: 2000)
    let cut = try await model.rank("Pandas?", [long], truncates: true)[0]
    #expect(cut.isTruncated && cut.tokenCount <= 512)
  }

  @Test func `a text that is too long is an error, or cut where that is asked for`() async throws {
    let model = try await Self.load("bert/bert-mean-f32.gguf")
    let long = String(repeating: "monster ", count: 500)
    await #expect(throws: ApusError.self) { try await model.embed(long) }
    let cut = try await model.embed(long, options: EmbeddingOptions(truncates: true))
    #expect(cut.isTruncated && cut.tokenCount == model.information.contextLength)
    let shorter = try await model.embed(long + long, options: EmbeddingOptions(truncates: true))
    #expect(shorter.vector == cut.vector)
  }

  @Test func `a model is asked only for what it is made for`() async throws {
    let encoder = try await Self.load("bert/bert-mean-f32.gguf")
    await #expect(throws: ApusError.self) { try await encoder.complete("Once") }
    await #expect(throws: ApusError.self) { try await encoder.rank("a", ["b"]) }
    let reranker = try await Self.load("bert/bert-rerank-f32.gguf")
    await #expect(throws: ApusError.self) { try await reranker.embed("a") }
    let generator = try await Self.load("qwen3/qwen3-f32.gguf")
    #expect(generator.information.purpose == .generation)
    await #expect(throws: ApusError.self) { try await generator.embed("a") }
    let vectors = try await generator.embed(["a", "b"], options: EmbeddingOptions(pooling: .mean))
    #expect(vectors[0].vector != vectors[1].vector)
    // It goes on generating with a cache that was overwritten meanwhile.
    let before = try await generator.complete("I am", options: .greedy(4))
    _ = try await generator.embed("something else", options: EmbeddingOptions(pooling: .last))
    #expect(try await generator.complete("I am", options: .greedy(4)).text == before.text)
  }
}
