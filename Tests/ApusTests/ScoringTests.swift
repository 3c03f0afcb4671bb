internal import Apus
internal import ApusCPU
internal import ApusModels
internal import ApusSampling
internal import ApusTestSupport
internal import Testing

/// Scores of given tokens are those of the model's own logits, to the bit, whatever happens beside.
struct ScoringTests {
  private let tiny: TestModel
  private let tokens = (0..<100).map { Token(5 + $0 * 37 % 290) }

  init() throws { tiny = try TestModel() }

  private struct Entry: Equatable {
    let token: Token
    let logProbability: Double
  }

  /// The token's own and the most likely ones, by a forward pass of one token after the other.
  private func expected(from start: Int, top: Int) throws -> [[Entry]] {
    let model = try ModelFile(path: tiny.path).load(backend: try CPUBackend(CPUBackend.Options(threads: 1))).model
    var (runner, workspace) = (try SequenceRunner(model, positions: tokens.count), Workspace())
    return try tokens.indices.dropLast().compactMap { position in
      try runner.step([tokens[position]], at: position, logitRows: [0])
      guard position + 1 >= start else { return nil }
      let logits = Array(runner.logits(0))
      let all = try LogProbabilities(of: logits.span)
      let own = Entry(token: tokens[position + 1], logProbability: all[tokens[position + 1]])
      return [own] + all.top(top, using: &workspace).map { Entry(token: $0.token, logProbability: $0.logProbability) }
    }
  }

  private func check(_ scores: [TokenLogProbabilities], from start: Int, top: Int) throws {
    let found = zip(tokens[start...], scores).map { token, score in
      [Entry(token: token, logProbability: score.chosen)]
        + score.top.map { Entry(token: $0.token, logProbability: $0.logProbability) }
    }
    #expect(scores.count == tokens.count - start)
    #expect(found == (try expected(from: start, top: top)))
  }

  @Test(arguments: [(1, 0), (1, 3), (2, 20), (40, 1), (99, 2), (100, 0)])
  func `Scores are those of the logits, however the tokens are cut into steps`(start: Int, top: Int) async throws {
    for chunk in [1, 7, 33, 256] {
      let model = try await tiny.load { $0.prefillChunk = chunk }
      try check(try await model.score(tokens: tokens, from: start, top: top), from: start, top: top)
    }
  }

  @Test func `What was cached makes no difference, and is used before the first score only`() async throws {
    let model = try await tiny.load()
    for start in [50, 1, 70, 99] {
      try check(try await model.score(tokens: tokens, from: start), from: start, top: 0)
    }
    let options = GenerationOptions(maxTokens: 0)
    let request = GenerationRequest(prompt: tokens, options: options, scoresFrom: 70)
    #expect(try await model.engine.submit(request).completion().usage.cachedTokens == 69)
  }

  @Test func `Scores and completions share steps, and each is what it is alone`() async throws {
    let alone = try await tiny.engine().submit(GenerationRequest(prompt: tokens, options: .greedy(30))).completion()
    let engine = try tiny.engine(threads: 2) { $0.maximumSequences = 4 }
    let scored = GenerationRequest(prompt: tokens, options: GenerationOptions(maxTokens: 0), scoresFrom: 3)
    var both = GenerationRequest(prompt: tokens, options: .greedy(30), scoresFrom: 20)
    both.options.reusesPrefix = false
    let plain = GenerationRequest(prompt: tokens, options: .greedy(30))
    let streams = try [plain, scored, both, scored].map { try engine.submit($0) }
    var completions: [Completion] = []
    for stream in streams { completions.append(try await stream.completion()) }
    #expect(completions[0].tokens == alone.tokens && completions[2].tokens == alone.tokens)
    for index in [1, 3] {
      try check(completions[index].summary.scores, from: 3, top: 0)
      #expect(completions[index].tokens.isEmpty && completions[index].finishReason == .length)
    }
    try check(completions[2].summary.scores, from: 20, top: 0)
    #expect(completions[0].summary.scores.isEmpty)
  }

  @Test func `What cannot be scored is refused`() async throws {
    let model = try await tiny.load { $0.contextLength = 64 }
    let few = Array(tokens[..<9])
    for (start, top, field) in [(0, 0, "start"), (-1, 0, "start"), (10, 0, "start"), (1, 21, "top_logprobs")] {
      do throws(ApusError) {
        _ = try await model.score(tokens: few, from: start, top: top)
        Issue.record("\(start), \(top) was accepted")
      } catch {
        guard case .invalidRequest(field, _) = error else { Issue.record("\(error)"); continue }
      }
    }
    #expect(try await model.score(tokens: few, from: 9).isEmpty)
    await #expect(throws: ApusError.self) { _ = try await model.score(tokens: []) }
    await #expect(throws: ApusError.self) { _ = try await model.score(tokens: tokens) }
    model.engine.cancelAll()
    await #expect(throws: ApusError.shuttingDown) { _ = try await model.score(tokens: few) }
  }
}
