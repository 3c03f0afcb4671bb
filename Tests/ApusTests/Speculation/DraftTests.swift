internal import Apus
internal import ApusModels
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

/// A draft model changes nothing but the number of steps, whatever it guesses.
struct DraftTests {
  private let tiny: TestModel
  private let other: TestModel

  init() throws {
    tiny = try TestModel()
    other = try TestModel {
      $0.seed = 2
      $0.layers = 1
    }
  }

  private func prompt(_ count: Int) -> [Token] { (0..<count).map { Token(5 + $0 * $0 * 7 % 290) } }

  @Test func `A model that drafts for itself is right, one that is not like it is wrong`() async throws {
    var options = GenerationOptions.greedy(200)
    options.speculation = .off
    let request = GenerationRequest(prompt: prompt(90), options: options)
    let expected = try await tiny.engine().submit(request).completion()
    options.speculation = .always
    for (draft, isLike) in [(tiny, true), (other, false)] {
      let engine = try tiny.engine(draft: draft.draft())
      let found = try await engine.submit(GenerationRequest(prompt: prompt(90), options: options)).completion()
      #expect(found.tokens == expected.tokens && found.text == expected.text)
      let metrics = engine.metrics
      #expect(metrics.proposedTokens > 50 && metrics.draftBlocks == 0 && metrics.draftFailure == nil)
      if isLike {
        #expect(Double(metrics.acceptedTokens) > 0.9 * Double(metrics.proposedTokens))
        #expect(metrics.steps < 60)
      }
    }
  }

  @Test(arguments: 0..<UInt64(6))
  func `Requests give the same with and without, alone and beside others`(seed: UInt64) async throws {
    let plain = try tiny.engine()
    let count = plain.tokenizer.vocabulary.count
    var mixes = RandomRequests(seed: seed, count)
    // A pool for all, one that is too small for most, none; and a vocabulary that ends sooner.
    let blocks = [64, 5, 0][Int(seed % 3)]
    let draft = try (seed % 2 == 0 ? tiny : other).draft(blocks: blocks, vocabularySize: count - Int(seed) * 10)
    let engine = try tiny.engine(threads: 2, draft: draft) { $0.maximumSequences = 4 }
    for number in 0..<20 {
      let requests = (0...mixes.pick(4)).map { _ in mixes.request() }
      let held = try await HeldEngine(engine)
      let streams = try requests.map { try engine.submit($0) }
      await held.letGo()
      for (stream, request) in zip(streams, requests) {
        var off = request
        off.options.speculation = .off
        off.options.reusesPrefix = false
        let (found, expected) = (try await stream.completion(), try await plain.submit(off).completion())
        let isSame =
          found.tokens == expected.tokens && found.text == expected.text
          && found.finishReason == expected.finishReason && found.summary.stopReason == expected.summary.stopReason
        #expect(isSame, "seed \(seed), \(number): \(request)")
      }
    }
    #expect(engine.metrics.draftBlocks == 0 && engine.metrics.failedRequests == 0)
    #expect(engine.metrics.draftFailure == nil)
  }

  @Test func `A draft model with weights that are no numbers is given up, and nobody notices`() async throws {
    let damaged = try TestModel(damage: (tensor: "blk.1.ffn_up.weight", byte: 40))
    var options = GenerationOptions.greedy(40)
    options.speculation = .off
    let request = GenerationRequest(prompt: prompt(20), options: options)
    let expected = try await tiny.engine().submit(request).completion()
    options.speculation = .always
    let engine = try tiny.engine(draft: damaged.draft())
    for _ in 0..<2 {
      let found = try await engine.submit(GenerationRequest(prompt: prompt(20), options: options)).completion()
      #expect(found.tokens == expected.tokens)
    }
    #expect(engine.metrics.draftFailure?.contains("NaN") == true && engine.metrics.draftBlocks == 0)
  }

  @Test func `A sequence that the draft model has no context for goes on without`() async throws {
    let short = try TestModel { $0.contextLength = 64 }
    let engine = try tiny.engine(draft: short.draft(contextLength: 64))
    var options = GenerationOptions.greedy(100)
    options.speculation = .always
    let found = try await engine.submit(GenerationRequest(prompt: prompt(20), options: options)).completion()
    options.speculation = .off
    let plain = try await tiny.engine().submit(GenerationRequest(prompt: prompt(20), options: options)).completion()
    #expect(found.tokens == plain.tokens && engine.metrics.draftBlocks == 0)
  }
}

/// Loading a model with a draft model.
struct DraftLoadingTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  private func refusal(of path: String, for model: TestModel) async -> String {
    let error = await #expect(throws: ApusError.self) { _ = try await model.load { $0.draft = path } }
    guard case .invalidOption("draft", let reason) = error else {
      Issue.record("\(String(describing: error))")
      return ""
    }
    return reason
  }

  @Test func `A loaded model answers as it does without`() async throws {
    let draft = try TestModel { $0.layers = 1 }
    let (model, plain) = (try await tiny.load { $0.draft = draft.path }, try await tiny.load())
    var options = GenerationOptions.greedy(60)
    for speculation in Speculation.allCases {
      options.speculation = speculation
      let found = try await model.complete("the and in", options: options).text
      #expect(try await plain.complete("the and in", options: options).text == found)
    }
    #expect(model.engine.metrics.proposedTokens > 0 && model.engine.metrics.draftBlocks == 0)
  }

  @Test func `What differs between the vocabularies is said, and kinds that cannot draft are named`() async throws {
    let shape = try TestModel(
      ModelShape(
        "odd", "llama", layers: 1, hiddenSize: 64, feedForwardSize: 52, heads: 4, kvHeads: 1, vocabularySize: 300,
        contextLength: 256, isTied: true
      ).with(ModelShape.rms(1e-5)))
    let reason = await refusal(of: shape.path, for: tiny)
    #expect(reason.contains("another vocabulary: token ") && reason.contains("in the model"), "\(reason)")
    let recurrent = try TestModel(SharedMemoryTests.recurrent)
    #expect(await refusal(of: recurrent.path, for: tiny).contains("lfm2, which has recurrent layers"))
    let pooling = try TestModel { $0.pooling = .mean }
    #expect(await refusal(of: pooling.path, for: tiny).contains("embeddings"))
    #expect(await refusal(of: tiny.path, for: pooling).contains("embeddings"))
  }

  @Test func `A draft file that is none is named`() async throws {
    let error = await #expect(throws: ApusError.self) { _ = try await tiny.load { $0.draft = "/nowhere/draft.gguf" } }
    guard case .cannotLoad("/nowhere/draft.gguf", _) = error else {
      Issue.record("\(String(describing: error))"); return
    }
  }

  @Test func `Its keys and values are part of the memory, and it does without where that has no room`() async throws {
    let context = try await tiny.load { $0.parallel = 1 }.information.kvMemory
    for (parallel, all) in [(1, 2), (3, 6), (16, 20)] {
      let model = try await tiny.load {
        $0.parallel = parallel
        $0.draft = tiny.path
      }
      #expect(model.information.kvMemory == all * context && model.information.parallel == parallel)
    }
    for bytes in [context, context + context / 7, 3 * context] {
      let model = try await tiny.load {
        $0.kvMemory = bytes
        $0.draft = tiny.path
      }
      #expect(model.information.kvMemory <= bytes && model.information.kvMemory > bytes - context / 8)
      var options = GenerationOptions.greedy(30)
      options.speculation = .always
      #expect(try await model.stream(tokens: [1, 5, 6], options: options).completion().tokens.count == 30)
    }
  }
}
