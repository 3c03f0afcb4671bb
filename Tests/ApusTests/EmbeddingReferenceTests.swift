internal import Apus
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// Vectors and scores of texts beside those of the reference data.
@Suite(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
struct `Embedding and ranking beside the reference` {
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

  /// A model, its entry and the expected rows.
  private static func load(
    _ architecture: String, _ file: String
  ) async throws -> (model: Model, entry: Entry, rows: [[Float]]) {
    struct List: Decodable { var models: [Entry] }
    let folder = try #require(TestData.folder).appendingPathComponent("architectures/" + architecture)
    let data = try Data(contentsOf: folder.appendingPathComponent("embeddings.json"))
    let entry = try #require(try JSONDecoder().decode(List.self, from: data).models.first { $0.file == file })
    let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(entry.embeddings_file)))
    let values = stride(from: 0, to: bytes.count, by: 4).map { i in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[i + $1]) << (8 * UInt32($1)) })
    }
    let rows = stride(from: 0, to: values.count, by: entry.n_out).map { Array(values[$0..<$0 + entry.n_out]) }
    let path = folder.appendingPathComponent(file).path
    return (try await Model.load(path, options: LoadOptions(threads: 1)), entry, rows)
  }

  @Test(arguments: [
    ("bert", "bert-cls-f32.gguf"), ("bert", "bert-mean-f32.gguf"), ("nomic-bert", "nomic-bert-f32.gguf"),
  ])
  func `texts become the stored vectors`(architecture: String, file: String) async throws {
    let (model, entry, rows) = try await Self.load(architecture, file)
    #expect(model.information.purpose == .embedding(dimensions: entry.n_out))
    let cases = entry.cases.filter { $0.text != nil && $0.text_pair == nil }
    let found = try await model.embed(cases.compactMap(\.text), options: EmbeddingOptions(isNormalized: false))
    for (item, embedding) in zip(cases, found) {
      let differences = zip(embedding.vector, rows[item.row]).map { abs($0 - $1) }
      #expect(differences.count == entry.n_out && differences.allSatisfy { $0 < 1e-3 })
    }
  }

  @Test func `pairs become the stored scores`() async throws {
    let (model, entry, rows) = try await Self.load("bert", "bert-rerank-f32.gguf")
    #expect(model.information.purpose == .ranking(labels: ["score"]))
    for item in entry.cases {
      guard let query = item.text, let document = item.text_pair else { continue }
      let score = try await model.rank(query, [document])[0].score
      #expect(abs(score - rows[item.row][0]) < 1e-3)
    }
  }

  @Test func `a reranker whose prompt has control tokens gives a probability for each document`() async throws {
    let model = try await Self.load("qwen3-embedding", "qwen3-reranker-f32.gguf").model
    #expect(model.information.contextLength == 512)
    let scores = try await model.rank("What do pandas eat?", ["Bamboo.", "A bear of China.", "Bamboo."])
    #expect(scores.count == 3 && scores.allSatisfy { (0...1).contains($0.score) })
    #expect(scores[0] == scores[2] && scores[0].score != scores[1].score)
    // The name of a control token in a document is text of many tokens.
    let named = try await model.rank("Pandas?", ["a", "<|im_start|>"])
    #expect(named[1].tokenCount > named[0].tokenCount + 4)
    let long = String(repeating: "bamboo ", count: 2000)
    let cut = try await model.rank("Pandas?", [long], truncates: true)[0]
    #expect(cut.isTruncated && cut.tokenCount <= 512)
  }
}
