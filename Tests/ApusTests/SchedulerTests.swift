internal import Apus
internal import ApusCore
internal import Testing

@Suite struct SchedulerTests {
  @Test func `A prompt is cut into chunks, and only its last row gives logits`() throws {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 512))
    _ = scheduler.admit(SequenceRequest(id: 1, prompt: Array(0..<70), maximumTokens: 2))
    var sizes: [Int] = []
    while let batch = scheduler.next(budget: 32) {
      sizes.append(batch.tokens.count)
      let isLast = sizes.count >= 3
      #expect(batch.logitRows == (isLast ? [batch.tokens.count - 1] : []))
      let events = scheduler.complete(batch, tokens: [isLast ? 9 : nil])
      if !isLast {
        let progress = try #require(events.first)
        guard case .progress(1, let value) = progress else { continue }
        #expect(value.processed == sizes.reduce(0, +) && value.total == 70 && value.cached == 0)
      }
      #expect(scheduler.checkIntegrity() == nil)
    }
    #expect(sizes == [32, 32, 6, 1])
    #expect(scheduler.runningCount == 0)
  }

  @Test func `A sequence ends by its end token, a stop token, its length or the context`() {
    #expect(end(of: [5, 7]) == .finished(id: 1, .stop, .endOfGeneration(7)))
    #expect(end(of: [8]) == .finished(id: 1, .stop, .stopToken(8)))
    #expect(end(of: [5, 5, 5]) == .finished(id: 1, .length, nil))
    #expect(end(of: [5, 5], contextLength: 6) == .finished(id: 1, .length, nil))
    #expect(end(of: [nil], maximumTokens: 0) == .finished(id: 1, .length, nil))
  }

  private func end(of tokens: [Token?], maximumTokens: Int = 3, contextLength: Int = 64) -> Scheduler.Event? {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: contextLength))
    var request = SequenceRequest(id: 1, prompt: [1, 2, 3, 4], maximumTokens: maximumTokens)
    request.endTokens = [7]
    request.stopTokens = [8]
    _ = scheduler.admit(request)
    var last: Scheduler.Event?
    for token in tokens {
      guard let batch = scheduler.next(budget: 16) else { return nil }
      last = scheduler.complete(batch, tokens: [token]).last
    }
    return scheduler.next(budget: 16) == nil ? last : nil
  }

  @Test func `The queue is bounded, and requests are worked on in the order they came`() {
    var limits = Scheduler.Limits(contextLength: 64)
    limits.queueLimit = 2
    var scheduler = Scheduler(limits)
    let taken = (1...4).map { scheduler.admit(SequenceRequest(id: $0, prompt: [1, 2], maximumTokens: 1)) }
    #expect(taken == [true, true, true, false])
    let cancelled = [scheduler.cancel(2), scheduler.cancel(2)]
    #expect(cancelled == [true, false])
    var order: [Int] = []
    while let batch = scheduler.next(budget: 8) {
      order += batch.parts.map(\.id)
      _ = scheduler.complete(batch, tokens: batch.parts.map { _ in 5 })
    }
    #expect(order == [1, 3])
  }

  /// One step of at most 16 rows, which brings these tokens.
  private func step(_ scheduler: inout Scheduler, tokens: [Token?]) -> ScheduledBatch? {
    guard let batch = scheduler.next(budget: 16) else { return nil }
    _ = scheduler.complete(batch, tokens: tokens)
    return batch
  }

  @Test func `A parked sequence has no place, and goes on before those that wait`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    for id in 1...3 { _ = scheduler.admit(SequenceRequest(id: id, prompt: [Token(id), 2], maximumTokens: 9)) }
    _ = step(&scheduler, tokens: [5])
    scheduler.park(1)
    #expect(scheduler.runningCount == 0 && scheduler.canStep)
    let second = step(&scheduler, tokens: [6])
    #expect(second?.parts.map(\.id) == [2])
    scheduler.resume(1)
    scheduler.resume(1)
    #expect(scheduler.checkIntegrity() == nil)
    scheduler.park(2)
    let first = step(&scheduler, tokens: [7])
    #expect(first?.parts.map(\.id) == [1])
    // All but the last token was still there.
    #expect(first?.tokens == [5] && first?.attention.positions == [2])
    scheduler.park(1)
    _ = step(&scheduler, tokens: [8])
    scheduler.park(3)
    #expect(!scheduler.canStep)
    let cancelled = [scheduler.cancel(2), scheduler.cancel(2)]
    #expect(cancelled == [true, false] && !scheduler.canStep)
    for id in 1...3 { scheduler.resume(id) }
    let resumed = step(&scheduler, tokens: [9])
    #expect(resumed?.parts.map(\.id) == [3] && scheduler.cancel(1))
  }

  @Test func `A parked sequence whose KV blocks were taken is computed again, without a second progress`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    _ = scheduler.admit(SequenceRequest(id: 1, prompt: [1, 2], maximumTokens: 40))
    for _ in 0..<20 { _ = step(&scheduler, tokens: [5]) }
    scheduler.park(1)
    scheduler.clearPrefixCache()
    scheduler.resume(1)
    let chunk = scheduler.next(budget: 16)
    #expect(chunk?.tokens == [1, 2] + Array(repeating: 5, count: 14) && chunk?.logitRows == [])
    let events = chunk.map { scheduler.complete($0, tokens: [nil]) }
    #expect(events == [])
    let rest = scheduler.next(budget: 16)
    #expect(rest?.tokens == Array(repeating: 5, count: 6) && rest?.logitRows == [5])
    let last = rest.map { scheduler.complete($0, tokens: [6]) }
    #expect(last == [.token(id: 1, 6)])
  }

  @Test func `Decoding sequences come before prompts in a step`() throws {
    var limits = Scheduler.Limits(contextLength: 128)
    limits.maximumSequences = 3
    var scheduler = Scheduler(limits)
    _ = scheduler.admit(SequenceRequest(id: 1, prompt: [1, 2], maximumTokens: 9))
    _ = step(&scheduler, tokens: [5])
    for id in 2...3 { _ = scheduler.admit(SequenceRequest(id: id, prompt: Array(10..<30), maximumTokens: 9)) }
    let next = scheduler.next(budget: 16)
    let batch = try #require(next)
    #expect(batch.parts.map(\.id) == [1, 2])
    #expect(batch.parts.map(\.count) == [1, 15])
    #expect(batch.attention.sequences == [0] + [Int32](repeating: 1, count: 15))
    #expect(batch.attention.positions == [2] + (0..<15).map { Int32($0) })
  }

  @Test func `A failed sequence leaves nothing to reuse`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    _ = scheduler.admit(SequenceRequest(id: 1, prompt: [1, 2, 3], maximumTokens: 4))
    _ = step(&scheduler, tokens: [5])
    _ = scheduler.next(budget: 16)
    scheduler.fail(1)
    #expect(scheduler.checkIntegrity() == nil)
    _ = scheduler.admit(SequenceRequest(id: 2, prompt: [1, 2, 3, 4], maximumTokens: 4))
    let batch = scheduler.next(budget: 16)
    #expect(batch?.parts.first?.cached == 0)
  }

  @Test func `A long common beginning is shared and leaves the other conversation its tail`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 1024))
    let system = (0..<300).map { Token($0) }
    let tails: [[Token]] = [(0..<100).map { 1000 + $0 }, (0..<100).map { 2000 + $0 }]
    var cached: [Int] = []
    for round in 0..<4 {
      _ = scheduler.admit(SequenceRequest(id: round, prompt: system + tails[round % 2] + [9], maximumTokens: 1))
      while let batch = scheduler.next(budget: 512) {
        cached.append(batch.parts[0].cached)
        _ = scheduler.complete(batch, tokens: [5])
      }
      #expect(scheduler.checkIntegrity() == nil)
    }
    #expect(cached == [0, 288, 400, 400])
  }
}
