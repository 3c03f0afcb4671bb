internal import Apus
internal import ApusCore
internal import ApusModels
internal import ApusTestSupport
internal import Testing

/// Requests that share a pool too small for all of them get what they get alone, with keys and values of all positions
/// or of a window, and with states.
struct SharedMemoryTests {
  /// A few layers of attention, or also of short convolutions, or some or all with windows.
  private static func models() throws -> [(model: TestModel, name: String)] {
    [(try TestModel { $0.contextLength = 256 }, "llama")]
      + (try ([recurrent] + WindowedModels.shapes).map { (try TestModel($0), $0.name) })
  }

  static let recurrent = ModelShape(
    "tiny-lfm2", "lfm2", layers: 4, hiddenSize: 64, feedForwardSize: 52, heads: 4, kvHeads: 1, vocabularySize: 300,
    contextLength: 256, isTied: true
  ).with(
    ModelShape.rms(1e-5) + [
      ("attention.head_count_kv", .perLayer { [0, 2, 0, 0][$0] }), ("shortconv.l_cache", .integer(3)),
    ])

  private func prompt(_ count: Int, seed: Int) -> [Token] { (0..<count).map { Token(5 + ($0 * 31 + seed * 17) % 290) } }

  private func request(_ prompt: [Token], _ count: Int, seed: UInt64, reusesPrefix: Bool = true) -> GenerationRequest {
    var options = GenerationOptions(maxTokens: count, seed: seed, ignoreEOS: true, topLogProbabilities: 2)
    options.sampling = SamplingOptions()
    options.sampling?.temperature = 1.1
    options.reusesPrefix = reusesPrefix
    return GenerationRequest(prompt: prompt, options: options)
  }

  @Test func `Requests that take blocks from each other get the tokens that they get alone`() async throws {
    for (model, name) in try Self.models() {
      let alone = try model.engine()
      // A context has 8 blocks.
      let engine = try model.engine(threads: 2) {
        $0.maximumSequences = 6
        $0.blockCount = 10
        $0.queueLimit = 40
      }
      let requests = (0..<18).map { index in
        request(prompt(20 + index * 29 % 130, seed: index % 4), 90, seed: UInt64(index), reusesPrefix: index % 5 > 0)
      }
      let streams = try requests.map { try engine.submit($0) }
      for (stream, request) in zip(streams, requests) {
        let expected = try await alone.submit(request).completion()
        #expect(try await stream.completion().tokens == expected.tokens, "\(name)")
      }
      let metrics = engine.metrics
      #expect(metrics.preemptions > 0 && metrics.prefixCounts.hits > 0 && metrics.prefixCounts.evictions > 0)
      #expect(metrics.completedRequests == 18 && metrics.usedBlocks == 0 && metrics.runningRequests == 0)
    }
  }

  @Test func `A second turn computes its new tokens and less than a block`() async throws {
    for (model, name) in try Self.models() {
      let (engine, fresh) = (try model.engine(), try model.engine())
      var text = prompt(75, seed: 1)
      for turn in 0..<4 {
        let found = try await engine.submit(request(text, 20, seed: 3)).completion()
        let expected = try await fresh.submit(request(text, 20, seed: 3, reusesPrefix: false)).completion()
        #expect(found.tokens == expected.tokens, "\(name)")
        if turn > 0 { #expect(found.usage.promptTokens - found.usage.cachedTokens < 32 + 6 + 1, "\(name)") }
        text += found.tokens.map(\.id) + prompt(5, seed: turn)
      }
    }
  }

  @Test func `Clients with one beginning compute it once after the first has stored it`() async throws {
    for (model, name) in try Self.models() {
      let engine = try model.engine { $0.maximumSequences = 8 }
      let alone = try model.engine()
      let shared = prompt(170, seed: 2)
      _ = try await engine.submit(request(shared + [5], 2, seed: 1)).completion()
      let requests = (0..<8).map { request(shared + prompt(3, seed: $0), 12, seed: UInt64($0)) }
      let streams = try requests.map { try engine.submit($0) }
      for (stream, request) in zip(streams, requests) {
        let found = try await stream.completion()
        let expected = try await alone.submit(request).completion()
        #expect(found.tokens == expected.tokens)
        #expect(found.usage.cachedTokens >= (name == Self.recurrent.name ? 160 : 170), "\(name)")
      }
    }
  }

  @Test func `A request with a higher priority passes those that wait`() async throws {
    let model = try TestModel()
    let engine = try model.engine()
    let held = try await HeldEngine(engine)
    var requests = (0..<3).map { request(prompt(9, seed: $0), 5, seed: 1) }
    requests[2].options.priority = 1
    let streams = try requests.map { try engine.submit($0) }
    await held.letGo()
    var waits: [Duration] = []
    for stream in streams { waits.append(try await stream.completion().summary.timings.queue) }
    #expect(waits[2] < waits[0] && waits[0] < waits[1])
  }
}
