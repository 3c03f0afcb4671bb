internal import Apus
internal import ApusModels
internal import ApusSampling
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

/// Whole engines under random mixes of requests, beside one that works on a request at a time.
struct EngineMixTests {
  private static let mixes = 25

  @Test(arguments: 0..<UInt64(12))
  func `Whatever shares its steps, a request gets what it gets alone`(seed: UInt64) async throws {
    let shapes = [SharedMemoryTests.recurrent] + WindowedModels.shapes
    let model = try seed < 8 ? TestModel(shapes[Int(seed) % 4]) : TestModel { $0.contextLength = 256 }
    let alone = try model.engine()
    var random = RandomSource(seed: seed)
    func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
    var rows = LanguageModel.Options()
    rows.maxBatchRows = [1, 2, 5, 16, 33, 64, 256][pick(7)]
    let (sequences, blocks) = (1 + pick(8), 8 + pick(12))
    let draft = try seed % 4 < 2 ? nil : TestModel { $0.layers = 1 }.draft(blocks: 4 + pick(30))
    let engine = try model.engine(threads: 1 + pick(3), options: rows, draft: draft) {
      $0.maximumSequences = sequences
      $0.blockCount = blocks
      $0.windowBlockCount = 3 + blocks / 4
      $0.queueLimit = 64
    }
    var requests = RandomRequests(seed: seed, engine.tokenizer.vocabulary.count)
    for mix in 0..<Self.mixes {
      try await compare(requests.mix(), engine, alone, "seed \(seed), mix \(mix), \(sequences) at \(rows.maxBatchRows)")
    }
    #expect(engine.metrics.usedBlocks == 0 && engine.metrics.draftBlocks == 0 && engine.metrics.failedRequests == 0)
    #expect(engine.metrics.prefixCounts.matchedTokens > 0)
  }

  @Test(arguments: [PoolingPlan.Kind.mean, .last])
  func `Whatever texts share its steps, a text gets the vector that it gets alone`(kind: PoolingPlan.Kind) async throws
  {
    let model = try TestModel { ($0.pooling, $0.contextLength) = (.mean, 128) }
    let alone = try model.engine()
    var random = RandomSource(seed: 7)
    func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
    for sequences in [1, 3, 32] {
      let engine = try model.engine(threads: 2) {
        ($0.maximumSequences, $0.blockCount, $0.queueLimit) = (sequences, 4, 64)
      }
      for _ in 0..<5 {
        let requests = (0..<20).map { _ in
          let text = (0...pick(pick(128) + 1)).map { _ in Token(3 + pick(200)) }.prefix(128)
          return GenerationRequest(
            pooling: PooledPositions(kind.positions(of: text.count), isWhole: true), of: Array(text))
        }
        let streams = try requests.map { try engine.submit($0) }
        for (stream, request) in zip(streams, requests) {
          let vector = try await stream.completion().summary.vector
          #expect(try await vector == alone.submit(request).completion().summary.vector)
          #expect(vector?.count == 64)
        }
      }
      #expect(engine.metrics.usedBlocks == 0 && engine.metrics.cachedBlocks == 0)
      #expect(engine.metrics.preemptions == 0 && engine.metrics.completedRequests == 100)
    }
  }

  /// Has all requests at once, some of which are cancelled, and compares each with what it gives alone.
  private func compare(_ mix: [RandomRequests.Mixed], _ engine: Engine, _ alone: Engine, _ name: Comment) async throws {
    let found = try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
      for (index, mixed) in mix.enumerated() {
        let stream = try engine.submit(mixed.request)
        group.addTask { (index, try await Outcome(of: stream, cancelledAfter: mixed.cancelledAfter)) }
      }
      return try await group.reduce(into: [Int: Outcome]()) { $0[$1.0] = $1.1 }
    }
    for (index, mixed) in mix.enumerated() {
      var request = mixed.request
      request.options.speculation = .off
      request.options.reusesPrefix = false
      let expected = try await Outcome(of: try alone.submit(request), cancelledAfter: nil)
      let own = try #require(found[index])
      #expect(own.agrees(with: expected), name)
    }
  }
}

/// What a reader saw of a completion.
private struct Outcome: Sendable {
  private var tokens: [GeneratedToken] = []
  private var text = ""
  private var summary: GenerationSummary?

  /// Reads a stream, which is cancelled after so many events.
  init(of stream: GenerationStream, cancelledAfter count: Int?) async throws {
    var events = 0
    for try await event in stream {
      switch event {
      case .progress: break
      case .text(let delta):
        tokens += delta.tokens
        text += delta.text
      case .finished(let summary): self.summary = summary
      }
      if events == count { stream.cancel() }
      events += 1
    }
  }

  /// Whether this is the same as `whole`, or its beginning where it was cancelled.
  func agrees(with whole: Outcome) -> Bool {
    guard let summary, let other = whole.summary else { return false }
    if summary.finishReason == .cancelled { return whole.tokens.starts(with: tokens) }
    return tokens == whole.tokens && text == whole.text && summary.scores == other.scores
      && summary.vector == other.vector
      && summary.finishReason == other.finishReason && summary.stopReason == other.stopReason
      && summary.seed == other.seed && summary.usage.completionTokens == other.usage.completionTokens
  }
}

extension RandomRequests {
  /// A request, and after how many events its reader cancels it.
  struct Mixed {
    var request: GenerationRequest
    var cancelledAfter: Int?
  }

  /// Up to ten requests, some of which begin alike, or have one prompt and differ in their seeds.
  fileprivate mutating func mix() -> [Mixed] {
    var mix: [Mixed] = []
    for _ in 0...pick(10) {
      var request = request(tokens: 40)
      if let earlier = mix.last?.request.prompt {
        switch pick(4) {
        case 0:
          request.prompt = earlier
          request.scoresFrom = nil
        case 1:
          request.prompt = Array((earlier.prefix(1 + pick(earlier.count)) + request.prompt).prefix(200))
          request.scoresFrom = nil
        default: break
        }
      }
      if pick(5) == 0 { request = vectorRequest(of: request.prompt) }
      request.options.priority = pick(4) / 3
      mix.append(Mixed(request: request, cancelledAfter: pick(5) == 0 ? pick(8) : nil))
    }
    return mix
  }

  /// The vector of a text, by any pooling.
  private mutating func vectorRequest(of text: [Token]) -> GenerationRequest {
    let kind = [PoolingPlan.Kind.mean, .first, .last][pick(3)]
    let positions = kind.positions(of: text.count)
    var request = GenerationRequest(
      pooling: PooledPositions(positions, isWhole: false), of: Array(text[..<positions.upperBound]))
    request.options.seed = 1
    return request
  }
}
