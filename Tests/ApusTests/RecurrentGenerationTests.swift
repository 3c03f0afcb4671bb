internal import Apus
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// Generation with models that have recurrent layers.
struct RecurrentGenerationTests {
  /// Models of the reference data with ids, and the tokens that follow the first eight.
  private struct References: Decodable {
    struct Entry: Decodable {
      var file: String
      var ids: [Token]
      var greedy_from_first_8_ids: [Token]
    }
    var models: [Entry]
  }

  private static func references() throws -> [(path: String, entry: References.Entry)] {
    try ["lfm2", "lfm2moe"].flatMap { folder in
      try TestData.files(in: "architectures/" + folder, suffix: "synthetic.json").flatMap { url in
        try JSONDecoder().decode(References.self, from: Data(contentsOf: url)).models.map {
          (url.deletingLastPathComponent().appendingPathComponent($0.file).path, $0)
        }
      }
    }
  }

  @Test(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
  func `Greedy tokens are those of the reference, in chunks, again and on later turns`() async throws {
    let references = try Self.references()
    #expect(!references.isEmpty)
    for (path, entry) in references {
      var options = LoadOptions(threads: 1)
      options.prefillChunk = 5
      let (model, fresh) = (try await Model.load(path, options: options), try await Model.load(path, options: .init()))
      let (prompt, expected) = (Array(entry.ids.prefix(8)), entry.greedy_from_first_8_ids)
      for _ in 0..<2 {
        #expect(try await complete(model, prompt, count: expected.count) == expected)
      }
      // Turns that begin like what was there before, and such that do not.
      for (length, count) in [(30, 12), (40, 6), (64, 3), (20, 9), (8, 24)] {
        let prompt = Array(entry.ids.prefix(length))
        let found = try await complete(model, prompt, count: count)
        #expect(try await complete(fresh, prompt, count: count, reusesPrefix: false) == found)
      }
    }
  }

  @Test(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
  func `Guessed tokens change nothing, whatever of them comes true`() async throws {
    for (path, entry) in try Self.references() {
      let model = try await Model.load(path, options: LoadOptions(threads: 2))
      for length in [3, 8, 20] {
        let prompt = Array(repeatElement(entry.ids.prefix(length), count: 3).joined())
        let expected = try await complete(model, prompt, count: 60, reusesPrefix: false, .off)
        #expect(try await complete(model, prompt, count: 60, .always) == expected)
        #expect(try await complete(model, prompt, count: 60, reusesPrefix: false, .always) == expected)
      }
      #expect(model.engine.metrics.proposedTokens > 0)
    }
  }

  private func complete(
    _ model: Model, _ prompt: [Token], count: Int, reusesPrefix: Bool = true, _ speculation: Speculation = .automatic
  ) async throws -> [Token] {
    var options = GenerationOptions.greedy(count)
    options.reusesPrefix = reusesPrefix
    options.speculation = speculation
    return try await model.stream(tokens: prompt, options: options).completion().tokens.map(\.id)
  }
}
