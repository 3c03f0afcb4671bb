internal import Apus
internal import ApusCore
internal import ApusSampling
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

struct QueueTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  @Test func `A full queue refuses at once, and takes requests again later`() async throws {
    let model = try await tiny.load { ($0.queueLimit, $0.parallel) = (2, 1) }
    let held = try await HeldEngine(model.engine)
    let streams = try (0..<3).map { _ in try model.stream(prompt: "Once", options: .greedy(3)) }
    #expect(throws: ApusError.queueFull(limit: 2)) { _ = try model.stream(prompt: "Once", options: .greedy(3)) }
    #expect(model.engine.metrics.refusedRequests == 1)
    #expect(model.engine.health.queued == 3)
    await held.letGo()
    for stream in streams { #expect(try await stream.completion().usage.completionTokens == 3) }
    #expect(try await model.complete("Once", options: .greedy(3)).usage.completionTokens == 3)
  }

  @Test func `Many requests at once each get the text that they get alone`() async throws {
    let model = try await tiny.load { $0.queueLimit = 64 }
    let prompts = ["Once", "Tom and", "The big dog", "Lily"]
    var alone: [String: String] = [:]
    for prompt in prompts { alone[prompt] = try await model.complete(prompt, options: .greedy(12)).text }
    try await withThrowingTaskGroup(of: (String, String).self) { group in
      for index in 0..<40 {
        let prompt = prompts[index % prompts.count]
        group.addTask { (prompt, try await model.complete(prompt, options: .greedy(12)).text) }
      }
      for try await (prompt, text) in group { #expect(text == alone[prompt]) }
    }
    #expect(model.engine.metrics.completedRequests == 44)
  }

  @Test func `Sequences that share steps get the text that they get alone`() async throws {
    let single = try tiny.engine()
    let many = try tiny.engine { $0.maximumSequences = 3 }
    let prompts = (0..<9).map { seed in (0..<5 + seed * 13).map { Token(5 + ($0 * 31 + seed * 17) % 290) } }
    var alone: [[Token]] = []
    for prompt in prompts {
      let stream = try single.submit(GenerationRequest(prompt: prompt, options: .greedy(15)))
      alone.append(try await stream.completion().tokens.map(\.id))
    }
    let streams = try prompts.map { try many.submit(GenerationRequest(prompt: $0, options: .greedy(15))) }
    for (stream, expected) in zip(streams, alone) {
      #expect(try await stream.completion().tokens.map(\.id) == expected)
    }
    #expect(many.metrics.steps < single.metrics.steps)
  }

  @Test(arguments: [1, 2, 5])
  func `Tokens drawn side by side are those drawn alone, on any number of threads`(threads: Int) async throws {
    let single = try tiny.engine()
    let many = try tiny.engine(threads: threads) { $0.maximumSequences = 7 }
    let requests = (0..<12).map { index in
      var sampling = SamplingOptions()
      sampling.temperature = 1.5
      sampling.mirostat = index % 3
      var options = GenerationOptions(maxTokens: 20, sampling: sampling, seed: UInt64(index), ignoreEOS: true)
      options.topLogProbabilities = index % 2 == 0 ? 3 : nil
      return GenerationRequest(prompt: (0..<3 + index * 5).map { Token(5 + ($0 * 31 + index) % 290) }, options: options)
    }
    let streams = try requests.map { try many.submit($0) }
    for (stream, request) in zip(streams, requests) {
      let expected = try await single.submit(request).completion()
      #expect(try await stream.completion().tokens == expected.tokens)
    }
  }

  @Test func `A sequence for which no token can be chosen fails alone`() async throws {
    let engine = try tiny.engine(threads: 2) { $0.maximumSequences = 3 }
    var options = GenerationOptions.greedy(4)
    for token in 0..<Token(engine.tokenizer.vocabulary.count) { options.sampling?.logitBias[token] = -.infinity }
    let held = try await HeldEngine(engine)
    let good = [1, 2].map { GenerationRequest(prompt: [1, $0], options: .greedy(4)) }
    let first = try engine.submit(good[0])
    let bad = try engine.submit(GenerationRequest(prompt: [1, 3], options: options))
    let last = try engine.submit(good[1])
    await held.letGo()
    await #expect(throws: ApusError.engineFailed(reason: SamplingError.nothingAllowed.description)) {
      _ = try await bad.completion()
    }
    #expect(try await [first.completion(), last.completion()].map(\.tokens.count) == [4, 4])
    #expect(engine.metrics.failedRequests == 1 && engine.metrics.completedRequests == 2)
  }

  @Test func `A drained engine has finished what it took and takes no more`() async throws {
    let model = try await tiny.load()
    let stream = try model.stream(prompt: "Once", options: .greedy(30))
    await model.drain()
    #expect(throws: ApusError.shuttingDown) { _ = try model.stream(prompt: "Once", options: .greedy(3)) }
    #expect(try await stream.completion().finishReason == .length)
    #expect(model.engine.health.isDraining)
    #expect(model.engine.health.running == 0 && model.engine.health.queued == 0)
  }

  @Test func `Cancelling all ends what runs and what waits`() async throws {
    let model = try await tiny.load()
    let held = try await HeldEngine(model.engine)
    let streams = try (0..<3).map { _ in try model.stream(prompt: "Once", options: .greedy(480)) }
    model.engine.cancelAll()
    await held.letGo()
    await model.drain()
    for stream in streams { #expect(try await stream.completion().finishReason == .cancelled) }
  }

  @Test func `A reader that stops pauses its sequence, and loses nothing when it goes on`() async throws {
    let expected = try await tiny.engine().submit(request(200)).completion()
    let engine = try tiny.engine { $0.unreadByteLimit = 1000 }
    var iterator = try engine.submit(request(200)).makeAsyncIterator()
    while !engine.health.isWaiting || engine.metrics.steps < 3 { await Task.yield() }
    let steps = engine.metrics.steps
    #expect(steps < 150)
    #expect(engine.health.isResponsive(within: .zero))
    var text = ""
    var deltas = 0
    while let event = try await iterator.next() {
      guard case .text(let delta) = event else { continue }
      text += delta.text
      deltas += 1
    }
    #expect(text == expected.text)
    #expect(deltas > 1)
    #expect(engine.metrics.steps > steps)
  }

  @Test func `A parked sequence lets others go on, and its result is the same to the bit`() async throws {
    var options = GenerationOptions(
      maxTokens: 150, sampling: SamplingOptions(), seed: 11, ignoreEOS: true, topLogProbabilities: 2)
    options.sampling?.temperature = 0.9
    options.sampling?.repetitionPenalty = 1.2
    options.sampling?.mirostat = 2
    let slow = GenerationRequest(prompt: [1, 263, 270], options: options)
    let expected = try await tiny.engine().submit(slow).completion()
    let engine = try tiny.engine { $0.unreadByteLimit = 1000 }
    let stream = try engine.submit(slow)
    var iterator = stream.makeAsyncIterator()
    var tokens: [GeneratedToken] = []
    var isFirst = true
    while true {
      // Others take the place, and the whole of the KV cache, whenever the reader rests.
      for seed in 0..<2 {
        let prompt = (0..<100 + seed * 50).map { Token(5 + ($0 * 31 + seed * 17) % 290) }
        let other = try await engine.submit(GenerationRequest(prompt: prompt, options: .greedy(300))).completion()
        #expect(other.usage.completionTokens == 300)
      }
      let event = try await iterator.next()
      guard let event else { break }
      switch event {
      case .progress: #expect(isFirst)
      case .text(let delta):
        isFirst = false
        tokens += delta.tokens
      case .finished(let summary): #expect(summary.usage == expected.usage && summary.finishReason == .length)
      }
    }
    #expect(tokens == expected.tokens)
  }

  @Test func `A parked sequence that nobody reads is ended, and keeps what it has`() async throws {
    let engine = try tiny.engine {
      $0.unreadByteLimit = 1000
      $0.readerStall = .milliseconds(50)
    }
    let stream = try engine.submit(request(200))
    while engine.health.queued + engine.health.running > 0 { await Task.yield() }
    let completion = try await stream.completion()
    #expect(completion.finishReason == .stalled)
    #expect((1..<200).contains(completion.tokens.count))
    #expect(engine.metrics.cancelledRequests == 1)
  }

  @Test func `A deadline ends a request that runs and one that waits, and no other`() async throws {
    let clock = CountingClock()
    let engine = try tiny.engine { $0.now = { clock.now() } }
    var (slow, late) = (request(400), request(3))
    (slow.options.deadline, late.options.deadline) = (.milliseconds(200), .milliseconds(100))
    let held = try await HeldEngine(engine)
    let streams = try [slow, late, request(5)].map { try engine.submit($0) }
    await held.letGo()
    let running = try await streams[0].completion()
    #expect(running.finishReason == .deadline && (1..<400).contains(running.tokens.count))
    let waiting = try await streams[1].completion()
    #expect(waiting.finishReason == .deadline && waiting.tokens.isEmpty)
    #expect(try await streams[2].completion().finishReason == .length)
    #expect(engine.metrics.usedBlocks == 0 && engine.metrics.cancelledRequests == 2)
    // Less text, but the same.
    #expect(try await engine.submit(request(400)).completion().tokens.starts(with: running.tokens))
  }

  @Test func `A deadline ends a parked sequence too`() async throws {
    let engine = try tiny.engine { $0.unreadByteLimit = 1000 }
    var parked = request(200)
    parked.options.deadline = .milliseconds(300)
    let stream = try engine.submit(parked)
    while engine.health.queued + engine.health.running > 0 { await Task.yield() }
    #expect(try await stream.completion().finishReason == .deadline)
  }

  @Test func `A deadline lies ahead, however far`() async throws {
    let engine = try tiny.engine()
    for seconds in [0, -1, Int64.min] {
      var request = request(3)
      request.options.deadline = .seconds(seconds)
      #expect(throws: ApusError.self) { _ = try engine.submit(request) }
    }
    var far = request(3)
    far.options.deadline = .seconds(Int64.max)
    #expect(try await engine.submit(far).completion().finishReason == .length)
  }

  private func request(_ count: Int) -> GenerationRequest {
    GenerationRequest(prompt: [1, 263, 270], options: .greedy(count))
  }

  @Test func `Embedding and requests share steps, and neither changes the other`() async throws {
    let model = try await tiny.load()
    let options = EmbeddingOptions(pooling: .mean)
    let alone = try await model.complete("Once", options: .greedy(20))
    let vector = try await model.embed("Tom", options: options)
    let held = try await HeldEngine(model.engine)
    let steps = model.engine.metrics.steps
    let stream = try model.stream(prompt: "Once", options: .greedy(20))
    async let embedded = model.embed("Tom", options: options)
    while model.engine.health.queued < 2 { await Task.yield() }
    await held.letGo()
    #expect(try await embedded == vector)
    #expect(try await stream.completion().text == alone.text)
    // The vector took no step of its own.
    #expect(model.engine.metrics.steps - steps <= 20)
  }

  @Test func `More texts than may wait are embedded all the same, a few at a time`() async throws {
    let model = try await tiny.load { ($0.queueLimit, $0.parallel) = (0, 1) }
    let options = EmbeddingOptions(pooling: .last)
    let texts = (0..<7).map { String(repeating: "Once ", count: 1 + $0) }
    let vectors = try await model.embed(texts, options: options)
    for (text, vector) in zip(texts, vectors) { #expect(try await model.embed(text, options: options) == vector) }
    let held = try await HeldEngine(model.engine)
    let stream = try model.stream(prompt: "Once", options: .greedy(3))
    await #expect(throws: ApusError.queueFull(limit: 0)) { try await model.embed(texts, options: options) }
    await held.letGo()
    #expect(try await stream.completion().finishReason == .length)
  }

  @Test func `A task that is cancelled gets no vectors, and nothing is left of its texts`() async throws {
    let model = try await tiny.load()
    let held = try await HeldEngine(model.engine)
    let texts = [String](repeating: String(repeating: "Once ", count: 50), count: 40)
    let task = Task { try await model.embed(texts, options: EmbeddingOptions(pooling: .mean)) }
    while model.engine.health.queued == 0 { await Task.yield() }
    task.cancel()
    await held.letGo()
    await #expect(throws: ApusError.stopped) { try await task.value }
    await model.drain()
    #expect(model.engine.metrics.cancelledRequests > 0)
    #expect(model.engine.metrics.completedRequests < texts.count)
    #expect(model.engine.health.queued + model.engine.health.running == 0)
  }

  @Test func `Embedding ends with an error where the engine takes no more work`() async throws {
    let model = try await tiny.load()
    model.engine.cancelAll()
    await #expect(throws: ApusError.shuttingDown) {
      try await model.embed("Once", options: EmbeddingOptions(pooling: .mean))
    }
  }
}
