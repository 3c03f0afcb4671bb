internal import Apus
internal import ApusCore
internal import ApusReference
internal import ApusSampling
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

/// Tokens that are proposed change nothing but the number of steps.
struct SpeculationTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  private func repetitive(_ count: Int) -> [Token] { (0..<count).map { Token(5 + $0 % 7) } }

  @Test func `A repetitive text takes fewer steps`() async throws {
    var options = GenerationOptions.greedy(200)
    options.speculation = .off
    let plain = try tiny.engine()
    let request = GenerationRequest(prompt: repetitive(60), options: options)
    let expected = try await plain.submit(request).completion()
    #expect(expected.summary.proposedTokens == 0 && plain.metrics.steps == 200)
    options.speculation = .always
    let engine = try tiny.engine()
    let found = try await engine.submit(GenerationRequest(prompt: repetitive(60), options: options)).completion()
    #expect(found.tokens == expected.tokens && found.text == expected.text && found.usage == expected.usage)
    let accepted = found.summary.acceptedTokens
    #expect(accepted > 100 && accepted <= found.summary.proposedTokens)
    #expect(engine.metrics.steps == 200 - accepted)
    #expect(engine.metrics.acceptedTokens == accepted)
    #expect(engine.metrics.proposedTokens == found.summary.proposedTokens)
  }

  @Test func `One request alone gives the same with and without, whatever its options`() async throws {
    let (plain, guessing) = (try tiny.engine(), try tiny.engine())
    var mixes = Mixes(seed: 1, plain.tokenizer.vocabulary.count)
    var accepted = 0
    for number in 0..<140 {
      let request = mixes.request()
      var off = request
      off.options.speculation = .off
      let expected = try await plain.submit(off).completion()
      let found = try await guessing.submit(request).completion()
      // What the prefix cache has of earlier requests is the same too.
      expectSame(found, expected, "\(number): \(request)")
      accepted += found.summary.acceptedTokens
    }
    #expect(accepted > 300)
  }

  @Test func `Several requests at once give the same with and without`() async throws {
    let plain = try tiny.engine()
    let engine = try tiny.engine(threads: 2) { $0.maximumSequences = 4 }
    var mixes = Mixes(seed: 2, plain.tokenizer.vocabulary.count)
    var accepted = 0
    for number in 0..<20 {
      let requests = (0..<4).map { _ in mixes.request(reusesPrefix: false) }
      let held = await HeldEngine(engine)
      let streams = try requests.map { try engine.submit($0) }
      await held.letGo()
      for (stream, request) in zip(streams, requests) {
        var off = request
        off.options.speculation = .off
        let found = try await stream.completion()
        expectSame(found, try await plain.submit(off).completion(), "\(number): \(request)")
        accepted += found.summary.acceptedTokens
      }
    }
    #expect(accepted > 100)
  }

  @Test func `Proposed rows that fail are as if they had not been`() async throws {
    let backend = FailingBackend(ReferenceBackend())
    let engine = try tiny.engine(on: backend)
    var options = GenerationOptions.greedy(60)
    options.speculation = .off
    let expected = try await engine.submit(GenerationRequest(prompt: repetitive(40), options: options)).completion()
    options.speculation = .always
    options.reusesPrefix = false
    let failure = BackendError.outOfMemory(what: "attention", byteCount: 9)
    backend.rowFailures = [[]] + (0..<60).map { [RowFailure(row: 1 + $0 % 4, error: failure)] }
    let found = try await engine.submit(GenerationRequest(prompt: repetitive(40), options: options)).completion()
    #expect(found.tokens == expected.tokens && found.summary.acceptedTokens > 0)
    #expect(engine.metrics.failedRequests == 0)
  }

  private func expectSame(_ found: Completion, _ expected: Completion, _ comment: Comment) {
    #expect(found.tokens == expected.tokens, comment)
    #expect(found.text == expected.text, comment)
    #expect(found.usage == expected.usage, comment)
    #expect(found.finishReason == expected.finishReason, comment)
    #expect(found.summary.stopReason == expected.summary.stopReason, comment)
  }
}

/// Random requests whose texts repeat themselves now and then.
private struct Mixes {
  private var random: RandomSource
  private let vocabularySize: Int

  init(seed: UInt64, _ vocabularySize: Int) {
    random = RandomSource(seed: seed)
    self.vocabularySize = vocabularySize
  }

  private mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

  mutating func request(reusesPrefix: Bool = true) -> GenerationRequest {
    let phrase = (0..<1 + pick(12)).map { _ in Token(3 + pick(vocabularySize - 3)) }
    var prompt = (0..<pick(20)).map { _ in Token(3 + pick(vocabularySize - 3)) }
    for _ in 0...pick(6) { prompt += phrase }
    var options = GenerationOptions(maxTokens: pick(8) == 0 ? nil : pick(90), sampling: sampling(), seed: random.next())
    options.ignoreEOS = pick(2) == 0
    options.reusesPrefix = reusesPrefix && pick(4) > 0
    options.speculation = pick(4) == 0 ? .automatic : .always
    if pick(3) == 0 { options.topLogProbabilities = pick(5) }
    if pick(3) == 0 { options.stop = Array(["e", "to", "a b"].prefix(1 + pick(3))) }
    if pick(4) == 0 { options.stopTokens = (0..<3).map { _ in Token(3 + pick(vocabularySize - 3)) } }
    // A scored prompt goes on with a completion too.
    return GenerationRequest(prompt: prompt, options: options, scoresFrom: pick(6) == 0 ? 1 + pick(prompt.count) : nil)
  }

  private mutating func sampling() -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = [0, 0, 0.05, 0.3, 1][pick(5)]
    if pick(4) == 0 { options.repetitionPenalty = 1.1 }
    if pick(5) == 0 { options.frequencyPenalty = 0.3 }
    if pick(5) == 0 { options.presencePenalty = -0.5 }
    if pick(5) == 0 { options.dryMultiplier = 0.8 }
    if pick(6) == 0 { options.mirostat = 1 + pick(2) }
    if pick(6) == 0 { options.xtcProbability = 0.4 }
    if pick(6) == 0 { options.logitBias = [Token(pick(vocabularySize)): 4] }
    if pick(6) == 0 { options.dynamicTemperatureRange = 0.04 }
    return options
  }
}
