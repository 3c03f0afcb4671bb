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
    let accepted = try await compare(try tiny.engine(), with: try tiny.engine(), requests: 140, seed: 1)
    #expect(accepted > 300)
  }

  @Test func `With recurrent layers it goes on from the states behind the last token that came true`() async throws {
    let model = try TestModel(SharedMemoryTests.recurrent)
    let accepted = try await compare(try model.engine(), with: try model.engine(threads: 2), requests: 80, seed: 3)
    #expect(accepted > 100)
  }

  /// Compares random requests, one after the other, with and without guesses; how many guesses came true.
  private func compare(_ plain: Engine, with guessing: Engine, requests: Int, seed: UInt64) async throws -> Int {
    var mixes = RandomRequests(seed: seed, plain.tokenizer.vocabulary.count)
    var accepted = 0
    for number in 0..<requests {
      let request = mixes.request()
      var off = request
      off.options.speculation = .off
      let expected = try await plain.submit(off).completion()
      let found = try await guessing.submit(request).completion()
      // What the prefix cache has of earlier requests is the same too.
      expectSame(found, expected, "\(number): \(request)")
      accepted += found.summary.acceptedTokens
    }
    return accepted
  }

  @Test func `A text that is foretold takes fewer steps, and what it says else counts for nothing`() async throws {
    let plain = try tiny.engine()
    var options = GenerationOptions.greedy(100)
    options.speculation = .off
    let prompt = (5..<25).map { Token($0) }
    let expected = try await plain.submit(GenerationRequest(prompt: prompt, options: options)).completion()
    #expect(expected.summary.predictedTokens == 0)
    let text = expected.tokens.map(\.id)
    options.speculation = .always
    options.prediction = text
    let engine = try tiny.engine()
    let found = try await engine.submit(GenerationRequest(prompt: prompt, options: options)).completion()
    expectSame(found, expected, "foretold")
    #expect(found.summary.predictedTokens == 100 && found.summary.acceptedTokens > 50)
    #expect(engine.metrics.steps == 100 - found.summary.acceptedTokens)
    // One token is another: what stands before it comes true, and the text goes on as if it had not been there.
    options.prediction[50] = text[50] == 5 ? 6 : 5
    let changed = try await engine.submit(GenerationRequest(prompt: prompt, options: options)).completion()
    expectSame(changed, expected, "changed", sameCache: false)
    #expect((50..<100).contains(changed.summary.predictedTokens))
  }

  @Test func `Whatever is foretold, the result is the same`() async throws {
    let (plain, engine) = (try tiny.engine(), try tiny.engine())
    var mixes = RandomRequests(seed: 6, plain.tokenizer.vocabulary.count)
    var predicted = 0
    for number in 0..<60 {
      var request = mixes.request()
      var off = request
      off.options.speculation = .off
      let expected = try await plain.submit(off).completion()
      request.options.prediction = expected.tokens.enumerated().map { index, token in
        mixes.pick(9) == 0 ? Token(3 + index % 5) : token.id
      }
      let found = try await engine.submit(request).completion()
      expectSame(found, expected, "\(number): \(request)")
      predicted += found.summary.predictedTokens
    }
    #expect(predicted > 300)
  }

  @Test func `What is foretold must be of the vocabulary`() throws {
    var options = GenerationOptions.greedy(5)
    options.prediction = [5, -1]
    let engine = try tiny.engine()
    #expect(throws: ApusError.self) { try engine.submit(GenerationRequest(prompt: [5], options: options)) }
  }

  @Test func `Several requests at once give the same with and without`() async throws {
    let plain = try tiny.engine()
    let engine = try tiny.engine(threads: 2) { $0.maximumSequences = 4 }
    var mixes = RandomRequests(seed: 2, plain.tokenizer.vocabulary.count)
    var accepted = 0
    for number in 0..<20 {
      let requests = (0..<4).map { _ in mixes.request(reusesPrefix: false) }
      let held = try await HeldEngine(engine)
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

  private func expectSame(
    _ found: Completion, _ expected: Completion, _ comment: Comment, sameCache: Bool = true
  ) {
    #expect(found.tokens == expected.tokens, comment)
    #expect(found.text == expected.text, comment)
    #expect(found.usage.completionTokens == expected.usage.completionTokens, comment)
    if sameCache { #expect(found.usage == expected.usage, comment) }
    #expect(found.finishReason == expected.finishReason, comment)
    #expect(found.summary.stopReason == expected.summary.stopReason, comment)
  }
}
