internal import Apus
internal import ApusTestSupport
internal import Testing

struct PrefixReuseTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  @Test func `A prompt seen before is not computed again, and gives the same tokens, with every model`() async throws {
    for path in [tiny.path] + ReferenceModels.paths {
      let model = try await Model.load(path, options: LoadOptions(threads: 1))
      let prompt = (0..<50).map { Token(3 + $0 * 11 % 290) }
      let fresh = try await complete(model, prompt)
      #expect(fresh.usage.cachedTokens == 0)
      let again = try await complete(model, prompt)
      #expect(again.tokens == fresh.tokens, "\(path)")
      #expect(again.usage.cachedTokens == prompt.count - 1, "\(path)")
      #expect(again.usage.promptTokens == prompt.count)
    }
  }

  @Test func `A conversation that goes on reuses all that it has in common`() async throws {
    let model = try await tiny.load()
    let cold = try await tiny.load()
    var prompt = model.tokenize("Once upon a time there was a dog.")
    var computed = 0
    for _ in 0..<4 {
      let warm = try await complete(model, prompt)
      #expect(warm.tokens == (try await complete(cold, prompt, reusesPrefix: false)).tokens)
      #expect(warm.usage.cachedTokens == computed)
      // Of the last token produced nothing was computed yet.
      computed = warm.usage.totalTokens - 1
      prompt += warm.tokens.map(\.id) + model.tokenize(" And then", addSpecial: false)
    }
  }

  @Test func `A prompt that differs early gives the tokens of a fresh model`() async throws {
    let model = try await tiny.load()
    let cold = try await tiny.load()
    for length in [70, 3, 40, 33, 64, 65, 31, 70] {
      let prompt = (0..<length).map { Token(3 + ($0 < length / 2 ? $0 : $0 * length) % 290) }
      let warm = try await complete(model, prompt)
      #expect(warm.tokens == (try await complete(cold, prompt, reusesPrefix: false)).tokens)
    }
    #expect(model.engine.metrics.cachedTokens > 0)
    #expect(cold.engine.metrics.cachedTokens == 0)
  }

  private func complete(
    _ model: Model, _ prompt: [Token], reusesPrefix: Bool = true
  ) async throws -> Completion {
    var options = GenerationOptions.greedy(12)
    options.reusesPrefix = reusesPrefix
    return try await model.stream(tokens: prompt, options: options).completion()
  }
}
