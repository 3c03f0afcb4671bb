internal import Apus
internal import ApusTestSupport
internal import Testing

struct CancellationTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  /// An engine that cannot run far ahead of its readers, so that what a test does comes in time.
  private func engine() throws -> Engine { try tiny.engine { $0.unreadByteLimit = 200 } }

  private let request = GenerationRequest(prompt: [1, 263], options: .greedy(480))

  @Test func `Cancelling a stream ends it within a token`() async throws {
    let engine = try engine()
    let stream = try engine.submit(request)
    var iterator = stream.makeAsyncIterator()
    while let event = try await iterator.next() {
      if case .text = event { break }
    }
    stream.cancel()
    let steps = engine.metrics.steps
    var last: GenerationSummary?
    while let event = try await iterator.next() {
      if case .finished(let summary) = event { last = summary }
    }
    #expect(last?.finishReason == .cancelled)
    #expect(engine.metrics.steps - steps <= 1)
    #expect(try #require(last).usage.completionTokens < 480)
  }

  @Test func `A task that is cancelled while it reads gets the text so far and the end`() async throws {
    let engine = try engine()
    let task = Task { [request] in try await Self.readUntilCancelled(try engine.submit(request)) }
    while engine.metrics.steps < 3 { await Task.yield() }
    task.cancel()
    let (tokens, summary) = try await task.value
    #expect(summary?.finishReason == .cancelled)
    #expect(summary?.usage.completionTokens == tokens)
  }

  /// Reads, waiting at the first text until its task is cancelled; the tokens that came, and the end.
  private static func readUntilCancelled(_ stream: GenerationStream) async throws -> (Int, GenerationSummary?) {
    var tokens = 0
    for try await event in stream {
      switch event {
      case .progress: break
      case .text(let delta):
        tokens += delta.tokens.count
        while !Task.isCancelled { await Task.yield() }
      case .finished(let summary): return (tokens, summary)
      }
    }
    return (tokens, nil)
  }

  @Test func `A task that is cancelled while its request waits gets its end all the same`() async throws {
    let engine = try engine()
    let held = try await HeldEngine(engine)
    let task = Task { [request] in try await engine.submit(request).completion() }
    while engine.health.queued == 0 { await Task.yield() }
    task.cancel()
    await held.letGo()
    let completion = try await task.value
    #expect(completion.finishReason == .cancelled)
    #expect(completion.usage.completionTokens == completion.tokens.count)
  }

  @Test func `Leaving the loop over a stream cancels it`() async throws {
    let engine = try engine()
    let stream = try engine.submit(request)
    for try await case .text in stream { break }
    await engine.drain()
    #expect(engine.metrics.cancelledRequests == 1)
    #expect(engine.metrics.completedRequests == 0)
    withExtendedLifetime(stream) {}
  }

  @Test func `Dropping a stream that nobody reads cancels it`() async throws {
    let model = try await tiny.load()
    let held = try await HeldEngine(model.engine)
    _ = try model.stream(prompt: "Once", options: .greedy(480))
    await held.letGo()
    await model.drain()
    #expect(model.engine.metrics.cancelledRequests == 1)
    #expect(model.engine.metrics.completionTokens == 0)
  }

  @Test func `Cancelling a queued request leaves the others alone`() async throws {
    let model = try await tiny.load()
    let alone = try await model.complete("Once", options: .greedy(40))
    let held = try await HeldEngine(model.engine)
    let first = try model.stream(prompt: "Once", options: .greedy(40))
    let second = try model.stream(prompt: "Tom", options: .greedy(40))
    let third = try model.stream(prompt: "Once", options: .greedy(40))
    second.cancel()
    await held.letGo()
    #expect(try await first.completion().text == alone.text)
    let cancelled = try await second.completion()
    #expect(cancelled.finishReason == .cancelled && cancelled.tokens.isEmpty)
    #expect(cancelled.summary.timings.prefill == .zero)
    #expect(try await third.completion().text == alone.text)
  }

  @Test func `A stream keeps its engine alive, and an engine without references ends`() async throws {
    var stream: GenerationStream? = try await tiny.load().stream(prompt: "Once", options: .greedy(20))
    #expect(try await stream?.completion().usage.completionTokens == 20)
    stream = nil
  }
}
