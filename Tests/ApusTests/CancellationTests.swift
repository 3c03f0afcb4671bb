import Apus
import ApusTestSupport
import Testing

@Suite(.enabled(if: TestModels.areAvailable, "the reference data is absent"))
struct CancellationTests {
  @Test func `Cancelling a stream ends it within a token`() async throws {
    let model = try await TestModels.load()
    let stream = try model.stream(prompt: "Once", options: .greedy(480))
    var iterator = stream.makeAsyncIterator()
    while let event = try await iterator.next() {
      if case .text = event { break }
    }
    stream.cancel()
    let steps = model.engine.metrics.steps
    var last: GenerationSummary?
    while let event = try await iterator.next() {
      if case .finished(let summary) = event { last = summary }
    }
    #expect(last?.finishReason == .cancelled)
    #expect(model.engine.metrics.steps - steps <= 1)
    #expect(try #require(last).usage.completionTokens < 480)
  }

  @Test func `A cancelled task gets the text so far`() async throws {
    let model = try await TestModels.load()
    let task = Task { try await model.complete("Once", options: .greedy(480)) }
    while model.engine.metrics.steps < 3 { await Task.yield() }
    task.cancel()
    let completion = try await task.value
    #expect(completion.finishReason == .cancelled)
    #expect(completion.usage.completionTokens == completion.tokens.count)
  }

  @Test func `Leaving the loop over a stream cancels it`() async throws {
    let model = try await TestModels.load()
    let stream = try model.stream(prompt: "Once", options: .greedy(480))
    for try await case .text in stream { break }
    await model.drain()
    #expect(model.engine.metrics.cancelledRequests == 1)
    #expect(model.engine.metrics.completedRequests == 0)
    withExtendedLifetime(stream) {}
  }

  @Test func `Dropping a stream that nobody reads cancels it`() async throws {
    let model = try await TestModels.load()
    let held = await HeldEngine(model.engine)
    _ = try model.stream(prompt: "Once", options: .greedy(480))
    try await held.letGo()
    await model.drain()
    #expect(model.engine.metrics.cancelledRequests == 1)
    #expect(model.engine.metrics.completionTokens == 0)
  }

  @Test func `Cancelling a queued request leaves the others alone`() async throws {
    let model = try await TestModels.load()
    let alone = try await model.complete("Once", options: .greedy(40))
    let held = await HeldEngine(model.engine)
    let first = try model.stream(prompt: "Once", options: .greedy(40))
    let second = try model.stream(prompt: "Tom", options: .greedy(40))
    let third = try model.stream(prompt: "Once", options: .greedy(40))
    second.cancel()
    try await held.letGo()
    #expect(try await first.completion().text == alone.text)
    let cancelled = try await second.completion()
    #expect(cancelled.finishReason == .cancelled && cancelled.tokens.isEmpty)
    #expect(cancelled.summary.timings.prefill == .zero)
    #expect(try await third.completion().text == alone.text)
  }

  @Test func `A stream keeps its engine alive, and an engine without references ends`() async throws {
    var stream: GenerationStream? = try await TestModels.load().stream(prompt: "Once", options: .greedy(20))
    #expect(try await stream?.completion().usage.completionTokens == 20)
    stream = nil
  }
}
