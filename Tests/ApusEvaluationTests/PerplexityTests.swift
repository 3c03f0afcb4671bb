internal import ApusCPU
internal import ApusCore
internal import ApusEvaluation
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import Foundation
internal import Testing

struct PerplexityTests {
  /// One long context with the negative log-likelihood of each token after the first: a `.ppl.json` file.
  struct Reference: Decodable, Sendable, CustomTestStringConvertible {
    var model: String
    var ids: [Token]
    var token_nll: [Double]

    var testDescription: String { model }

    static let all = TestData.files(in: "logits", suffix: ".ppl.json").compactMap {
      try? JSONDecoder().decode(Reference.self, from: Data(contentsOf: $0))
    }
  }

  static func tinyModel(_ folder: TemporaryFolder) throws -> LanguageModel {
    let path = folder.path("tiny.gguf")
    try TinyModel().write(to: path)
    return try LanguageModel(try GGUFFile.open(path: path), backend: try CPUBackend(.init(threads: 2)))
  }

  @Test("The first chunk's likelihood is that of the reference", arguments: Reference.all)
  func matchesReference(reference: Reference) throws {
    guard let path = TestData.model(reference.model) else {
      #expect(!TestData.isRequired, "\(reference.model) is missing")
      return
    }
    let file = try GGUFFile.open(path: path)
    let model = try LanguageModel(file, backend: try CPUBackend(.init(threads: 2)))
    var perplexity = Perplexity()
    perplexity.contextLength = reference.ids.count / 2
    perplexity.chunkLimit = 1
    let estimate = try perplexity.evaluate(reference.ids, model: model, beginningOfSequence: nil)
    let scored = reference.token_nll[perplexity.contextLength / 2..<perplexity.contextLength - 1]
    let expected = scored.reduce(0, +) / Double(scored.count)
    let isDense = file.tensors.allSatisfy { $0.format?.isDense == true }
    #expect(estimate.scoredTokens == scored.count)
    #expect(abs(log(estimate.perplexity) - expected) < (isDense ? 5e-4 : 0.02))
  }

  @Test(
    "Chunks are scored alone: the estimate of two is the mean of both, and BOS takes the place of their first token")
  func chunks() throws {
    let folder = try TemporaryFolder()
    let model = try Self.tinyModel(folder)
    var perplexity = Perplexity()
    perplexity.contextLength = 16
    let first = (0..<16).map { Token($0 % 7 + 3) }
    let second = (0..<16).map { Token($0 % 5 + 4) }
    func nll(_ tokens: [Token], chunks: Int) throws -> Double {
      perplexity.chunkLimit = chunks
      return log(try perplexity.evaluate(tokens, model: model, beginningOfSequence: 1).perplexity)
    }
    let both = try nll(first + second, chunks: 2)
    let apart = try (nll(first + second, chunks: 1) + nll(second + first, chunks: 1)) / 2
    #expect(abs(both - apart) < 1e-9)
    var changed = first
    changed[0] = 9
    #expect(try nll(changed + second, chunks: 2) == both)
  }

  @Test("A text without two chunks, and a context beyond the model's, are refused with what to do")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let model = try Self.tinyModel(folder)
    var perplexity = Perplexity()
    perplexity.contextLength = 16
    #expect(throws: EvaluationError.textTooShort(tokens: 31, needed: 32)) {
      try perplexity.evaluate([Token](repeating: 3, count: 31), model: model, beginningOfSequence: nil)
    }
    perplexity.contextLength = 100_000
    #expect(throws: EvaluationError.self) {
      try perplexity.evaluate([Token](repeating: 3, count: 32), model: model, beginningOfSequence: nil)
    }
  }
}
