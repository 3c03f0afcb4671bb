internal import Apus
internal import ApusCore
internal import Testing

@Suite struct SchedulerTests {
  @Test func `A prompt is cut into chunks, and only its last row gives logits`() throws {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 512))
    _ = scheduler.admit(SequenceState(id: 1, prompt: Array(0..<70)))
    var sizes: [Int] = []
    while let batch = scheduler.next(budget: 32) {
      sizes.append(batch.tokens.count)
      let isLast = sizes.count >= 3
      #expect(batch.logitRows == (isLast ? [batch.tokens.count - 1] : []))
      let part = try #require(batch.parts.first)
      #expect(part.rows == 0..<batch.tokens.count && part.logits == 0..<(isLast ? 1 : 0))
      let progress = part.progress
      #expect(progress.processed == min(70, sizes.reduce(0, +)) && progress.total == 70 && progress.cached == 0)
      scheduler.complete(batch, [isLast ? .tokens([9], sizes.count > 3 ? Ending(.length) : nil) : .chunk])
      #expect(scheduler.checkIntegrity() == nil)
    }
    #expect(sizes == [32, 32, 6, 1])
    #expect(scheduler.runningCount == 0)
  }

  @Test func `A verdict with an ending lets the sequence go, one without does not`() {
    let verdicts: [(Verdict, goesOn: Bool)] = [
      (.tokens([5], nil), true), (.tokens([5, 6, 7], nil), true), (.tokens([5], Ending(.length)), false),
      (.tokens([], Ending(.stopToken(8))), false), (.failed(.shuttingDown), false),
    ]
    for (verdict, goesOn) in verdicts {
      var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
      _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2, 3, 4]))
      _ = step(&scheduler, verdict)
      #expect(scheduler.canStep == goesOn && scheduler.runningCount == (goesOn ? 1 : 0))
      #expect(!goesOn || scheduler.checkIntegrity() == nil)
      guard goesOn, case .tokens(let tokens, _) = verdict else { continue }
      let next = scheduler.next(budget: 16)
      #expect(next?.tokens == tokens && next?.logitRows == [tokens.count - 1])
    }
  }

  @Test func `A sequence that chooses no tokens wants no logits`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2, 3, 4], choosesTokens: false))
    let batch = step(&scheduler, .tokens([], Ending(.length)))
    #expect(batch?.logitRows == [] && batch?.parts.first?.logits == 0..<0 && !scheduler.canStep)
  }

  @Test func `The queue is bounded, and requests are worked on in the order they came`() {
    var limits = Scheduler.Limits(contextLength: 64)
    limits.queueLimit = 2
    var scheduler = Scheduler(limits)
    let taken = (1...4).map { scheduler.admit(SequenceState(id: $0, prompt: [1, 2])) }
    #expect(taken == [true, true, true, false])
    let cancelled = [scheduler.cancel(2), scheduler.cancel(2)]
    #expect(cancelled == [true, false])
    var order: [Int] = []
    while let batch = scheduler.next(budget: 8) {
      order += batch.parts.map(\.id)
      scheduler.complete(batch, batch.parts.map { _ in .tokens([5], Ending(.length)) })
    }
    #expect(order == [1, 3])
  }

  /// One step of at most 16 rows, which brings this for the first sequence in it.
  private func step(_ scheduler: inout Scheduler, _ verdict: Verdict) -> ScheduledBatch? {
    guard let batch = scheduler.next(budget: 16) else { return nil }
    scheduler.complete(batch, [verdict])
    return batch
  }

  private func step(_ scheduler: inout Scheduler, token: Token) -> ScheduledBatch? {
    step(&scheduler, .tokens([token], nil))
  }

  @Test func `A parked sequence has no place, and goes on before those that wait`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    for id in 1...3 { _ = scheduler.admit(SequenceState(id: id, prompt: [Token(id), 2])) }
    _ = step(&scheduler, token: 5)
    scheduler.park(1)
    #expect(scheduler.runningCount == 0 && scheduler.canStep)
    let second = step(&scheduler, token: 6)
    #expect(second?.parts.map(\.id) == [2])
    scheduler.resume(1)
    scheduler.resume(1)
    #expect(scheduler.checkIntegrity() == nil)
    scheduler.park(2)
    let first = step(&scheduler, token: 7)
    #expect(first?.parts.map(\.id) == [1])
    // All but the last token was still there.
    #expect(first?.tokens == [5] && first?.attention.positions == [2])
    scheduler.park(1)
    _ = step(&scheduler, token: 8)
    scheduler.park(3)
    #expect(!scheduler.canStep)
    let cancelled = [scheduler.cancel(2), scheduler.cancel(2)]
    #expect(cancelled == [true, false] && !scheduler.canStep)
    for id in 1...3 { scheduler.resume(id) }
    let resumed = step(&scheduler, token: 9)
    #expect(resumed?.parts.map(\.id) == [3] && scheduler.cancel(1))
  }

  @Test func `A parked sequence whose KV blocks were taken is computed again`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2]))
    for _ in 0..<20 { _ = step(&scheduler, token: 5) }
    scheduler.park(1)
    scheduler.clearPrefixCache()
    scheduler.resume(1)
    let chunk = scheduler.next(budget: 16)
    #expect(chunk?.tokens == [1, 2] + Array(repeating: 5, count: 14) && chunk?.logitRows == [])
    if let chunk { scheduler.complete(chunk, [.chunk]) }
    let rest = step(&scheduler, token: 6)
    #expect(rest?.tokens == Array(repeating: 5, count: 6) && rest?.logitRows == [5])
    #expect(scheduler.next(budget: 16)?.tokens == [6])
  }

  @Test func `Decoding sequences come before prompts in a step`() throws {
    var limits = Scheduler.Limits(contextLength: 128)
    limits.maximumSequences = 3
    var scheduler = Scheduler(limits)
    _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2]))
    _ = step(&scheduler, token: 5)
    for id in 2...3 { _ = scheduler.admit(SequenceState(id: id, prompt: Array(10..<30))) }
    let next = scheduler.next(budget: 16)
    let batch = try #require(next)
    #expect(batch.parts.map(\.id) == [1, 2])
    #expect(batch.parts.map(\.rows) == [0..<1, 1..<16])
    #expect(batch.attention.sequences == [0] + [Int32](repeating: 1, count: 15))
    #expect(batch.attention.positions == [2] + (0..<15).map { Int32($0) })
  }

  @Test func `A failed sequence leaves nothing to reuse`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2, 3]))
    _ = step(&scheduler, token: 5)
    _ = step(&scheduler, .failed(.shuttingDown))
    #expect(scheduler.checkIntegrity() == nil)
    _ = scheduler.admit(SequenceState(id: 2, prompt: [1, 2, 3, 4]))
    let batch = scheduler.next(budget: 16)
    #expect(batch?.parts.first?.progress.cached == 0)
  }

  @Test func `A long common beginning is shared and leaves the other conversation its tail`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 1024))
    let system = (0..<300).map { Token($0) }
    let tails: [[Token]] = [(0..<100).map { 1000 + $0 }, (0..<100).map { 2000 + $0 }]
    var cached: [Int] = []
    for round in 0..<4 {
      _ = scheduler.admit(SequenceState(id: round, prompt: system + tails[round % 2] + [9]))
      while let batch = scheduler.next(budget: 512) {
        cached.append(batch.parts[0].progress.cached)
        let isWhole = batch.parts[0].progress.processed == batch.parts[0].progress.total
        scheduler.complete(batch, [isWhole ? .tokens([5], Ending(.length)) : .chunk])
      }
      #expect(scheduler.checkIntegrity() == nil)
    }
    #expect(cached == [0, 288, 400, 400])
  }
}
