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

  @Test func `A parked sequence has no place, and goes on before those that came later`() {
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
    #expect(resumed?.parts.map(\.id) == [1] && scheduler.cancel(3))
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

  @Test func `Decoding sequences come before prompts in a step, and all prompts move`() throws {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 128, maximumSequences: 3))
    _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2]))
    _ = step(&scheduler, token: 5)
    for id in 2...3 { _ = scheduler.admit(SequenceState(id: id, prompt: [Token(id)] + (10..<29))) }
    let next = scheduler.next(budget: 16)
    let batch = try #require(next)
    #expect(batch.parts.map(\.id) == [1, 2, 3])
    // Of 15 rows an even part of the half each, and the rest for the first.
    #expect(batch.parts.map(\.rows) == [0..<1, 1..<13, 13..<16])
    #expect(batch.attention.sequences == [0] + [Int32](repeating: 1, count: 12) + [2, 2, 2])
    #expect(batch.attention.positions == [2] + (0..<12).map { Int32($0) } + [0, 1, 2])
  }

  @Test func `Beside sequences in decode, prompts get the rows that they may have`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 128, maximumSequences: 4))
    _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2]))
    _ = step(&scheduler, token: 5)
    for id in 2...4 { _ = scheduler.admit(SequenceState(id: id, prompt: [Token(id)] + (10..<29))) }
    var shares: [[Int: Int]] = []
    for rows in [7, 2, 2, 0] {
      guard let batch = scheduler.next(budget: 100, promptRows: rows) else { break }
      shares.append(Dictionary(uniqueKeysWithValues: batch.parts.map { ($0.id, $0.rows.count) }))
      scheduler.complete(batch, batch.parts.map { $0.id == 1 ? .tokens([5], nil) : .chunk })
    }
    // Where there are fewer rows than prompts, those get one that have waited longest.
    #expect(shares == [[1: 1, 2: 5, 3: 1, 4: 1], [1: 1, 2: 1, 3: 1], [1: 1, 2: 1, 4: 1], [1: 1, 3: 1]])
  }

  @Test func `Where there are fewer rows than sequences, nobody starves`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64, maximumSequences: 5))
    for id in 0..<5 { _ = scheduler.admit(SequenceState(id: id, prompt: [Token(id), 7, 8])) }
    var turns: [Int: Int] = [:]
    for _ in 0..<50 {
      guard let batch = scheduler.next(budget: 2) else { break }
      for part in batch.parts { turns[part.id, default: 0] += 1 }
      scheduler.complete(batch, batch.parts.map { $0.logits.isEmpty ? .chunk : .tokens([5], nil) })
    }
    // An even share is 20 turns; more urgent ones may get some more.
    #expect(turns.count == 5 && turns.values.allSatisfy { $0 >= 15 }, "\(turns)")
  }

  @Test func `Higher priority comes first, then who came first`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    for (id, priority) in [0, 1, 0, 2, 1].enumerated() {
      _ = scheduler.admit(SequenceState(id: id, prompt: [1, 2], priority: priority))
    }
    var order: [Int] = []
    while let batch = scheduler.next(budget: 8) {
      order += batch.parts.map(\.id)
      scheduler.complete(batch, batch.parts.map { _ in .tokens([5], Ending(.length)) })
    }
    #expect(order == [3, 1, 4, 0, 2])
  }

  @Test func `Without free KV blocks the least urgent sequence waits, and is computed again`() {
    // Four blocks: two sequences of one and a half each begin, and grow.
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 128, maximumSequences: 2, blockCount: 5))
    for id in 0..<2 { _ = scheduler.admit(SequenceState(id: id, prompt: (0..<48).map { Token($0 + id * 100) })) }
    var texts = [48, 48], fed: [[Int32]] = [[], []]
    while let batch = scheduler.next(budget: 200) {
      var verdicts: [Verdict] = []
      for part in batch.parts {
        fed[part.id] += batch.attention.positions[part.rows]
        guard !part.logits.isEmpty else { verdicts.append(.chunk); continue }
        texts[part.id] += 1
        verdicts.append(.tokens([7], texts[part.id] == 128 ? Ending(.length) : nil))
      }
      scheduler.complete(batch, verdicts)
      #expect(scheduler.checkIntegrity() == nil)
    }
    #expect(texts == [128, 128])
    #expect(scheduler.preemptions == 1)
    // The more urgent one never stopped; of the other one's positions all came, some of them twice.
    #expect(fed[0] == (0..<127).map { Int32($0) })
    #expect(fed[1].count > 127 && Set(fed[1]) == Set(0..<127))
  }

  @Test func `Prompts that begin alike share blocks while the first of them runs`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 128, maximumSequences: 9))
    let shared = (0..<100).map { Token($0) }
    _ = scheduler.admit(SequenceState(id: 0, prompt: shared + [500]))
    _ = step(&scheduler, budget: 200)
    for id in 1..<9 { _ = scheduler.admit(SequenceState(id: id, prompt: shared + [500 + Token(id)])) }
    let batch = step(&scheduler, budget: 200)
    // Of the block that the first one fills the others copy what they can use.
    #expect(batch?.parts.map(\.progress.cached) == [0] + Array(repeating: 100, count: 8))
    #expect(batch?.tokens.count == 1 + 8 && batch?.copies.map(\.positions) == Array(repeating: 4, count: 8))
    #expect(scheduler.usedBlocks == 3 + 9)
  }

  @Test func `Equal prompts that come together are computed once`() {
    for (length, snapshots) in [(100, false), (96, false), (97, false), (5, false), (100, true)] {
      var limits = Scheduler.Limits(contextLength: 128, maximumSequences: 8)
      limits.stateSlots = snapshots ? 40 : 0
      var scheduler = Scheduler(limits)
      let prompt = (0..<Token(length)).map { $0 }
      for id in 0..<8 { _ = scheduler.admit(SequenceState(id: id, prompt: prompt)) }
      var rows: [Int: [Int]] = [:], cached: [Int: Int] = [:]
      for _ in 0..<2 {
        guard let batch = step(&scheduler, budget: 256) else { break }
        for part in batch.parts {
          rows[part.id, default: []].append(part.rows.count)
          cached[part.id] = part.progress.cached
        }
        #expect(scheduler.checkIntegrity() == nil)
      }
      // The first computes all; of the others each the last token, which gives the logits of its own first choice.
      let shared = snapshots ? (length - 1) / 32 * 32 : length - 1
      #expect(rows[0] == [length, 1])
      #expect((1..<8).allSatisfy { rows[$0] == [length - shared] && cached[$0] == shared }, "\(rows) \(cached)")
      // A block that the others fill is the one of the first.
      #expect(scheduler.usedBlocks == (length == 96 ? 4 : length / 32 + 8))
    }
  }

  @Test func `Who shares a beginning waits for it, and then goes on by itself`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 512, maximumSequences: 4))
    let system = (0..<Token(64)).map { $0 }
    for id in 0..<3 {
      _ = scheduler.admit(SequenceState(id: id, prompt: system + Array(repeating: Token(100 + id), count: 40)))
    }
    _ = scheduler.admit(SequenceState(id: 3, prompt: Array(repeating: 7, count: 40)))
    let parts = (0..<3).map { _ in step(&scheduler, budget: 48)?.parts.map { [$0.id, $0.rows.count] } }
    #expect(parts[0] == [[0, 36], [3, 12]])
    #expect(parts[1] == [[0, 36], [3, 12]])
    #expect(parts[2]?.map(\.first) == [0, 1, 2, 3])
    #expect(scheduler.checkIntegrity() == nil && scheduler.cacheCounts.matchedTokens == 128)
  }

  private func step(_ scheduler: inout Scheduler, budget: Int) -> ScheduledBatch? {
    guard let batch = scheduler.next(budget: budget) else { return nil }
    scheduler.complete(batch, batch.parts.map { $0.logits.isEmpty ? .chunk : .tokens([9], nil) })
    return batch
  }

  private func propose(_ tokens: [Token], _ wishes: [Scheduler.Wish]) -> [Int: [Token]] {
    Dictionary(uniqueKeysWithValues: wishes.map { ($0.id, Array(tokens.prefix($0.most))) })
  }

  @Test func `A sequence with states goes on from those behind the last token that came true`() throws {
    for accepted in 0...3 {
      var limits = Scheduler.Limits(contextLength: 64)
      limits.stateSlots = 8
      var scheduler = Scheduler(limits)
      _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2, 3, 4]))
      _ = step(&scheduler, token: 5)
      let next = scheduler.next(budget: 16) { propose([6, 7, 8], $0) }
      let states = try #require(next?.attention.states.first)
      #expect(states.snapshots.map(\.row) == [0, 1, 2])
      scheduler.complete(try #require(next), [.tokens(Array([6, 7, 8].prefix(accepted)) + [9], nil)])
      #expect(scheduler.checkIntegrity() == nil)
      let start = scheduler.next(budget: 16)?.attention.states.first?.start
      #expect(start == (accepted < 3 ? states.snapshots[accepted].slot : states.end))
    }
  }

  @Test func `Nothing is proposed behind tokens that are computed again for want of a block`() {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    _ = scheduler.admit(SequenceState(id: 1, prompt: (0..<40).map { Token($0) }))
    _ = step(&scheduler, budget: 64)
    scheduler.park(1)
    scheduler.resume(1)
    let batch = scheduler.next(budget: 64) { propose([7, 8, 9], $0) }
    #expect(batch?.tokens == [32] && batch?.parts.first?.proposed == [])
  }

  @Test func `States are kept behind every block, and a later prompt starts from them`() {
    var limits = Scheduler.Limits(contextLength: 256)
    limits.stateSlots = 9
    var scheduler = Scheduler(limits)
    let prompt = (0..<100).map { Token($0) }
    _ = scheduler.admit(SequenceState(id: 0, prompt: prompt))
    let first = step(&scheduler, budget: 200)
    #expect(first?.attention.states.first?.snapshots.map(\.row) == [31, 63, 95])
    #expect(scheduler.cancel(0) && scheduler.checkIntegrity() == nil)
    _ = scheduler.admit(SequenceState(id: 1, prompt: prompt + [9, 9]))
    let second = step(&scheduler, budget: 200)
    #expect(second?.parts.first?.progress.cached == 96 && second?.copies == [])
    #expect(second?.attention.states.first?.start == first?.attention.states.first?.snapshots.last?.slot)
  }

  @Test func `Rows of proposed tokens count as far as they came true`() throws {
    // What the step brought, and the tokens and the first position of the next one.
    let cases: [(Verdict, next: [Token]?, position: Int32)] = [
      (.tokens([6], nil), [6], 5), (.tokens([7, 6], nil), [6], 6), (.tokens([7, 8, 9], nil), [9], 7),
      (.tokens([7, 8], Ending(.length)), nil, 0), (.tokens([7], Ending(.endOfGeneration(2))), nil, 0),
      // More than were chosen: those behind the proposed ones that came true are still to be processed.
      (.tokens([6, 9, 9], nil), [6, 9, 9], 5), (.tokens([7, 6, 9], nil), [6, 9], 6),
      (.tokens([7, 8, 9, 4], nil), [9, 4], 7),
    ]
    for (verdict, tokens, position) in cases {
      var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
      _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2, 3, 4]))
      _ = step(&scheduler, token: 5)
      let next = scheduler.next(budget: 16) { wishes in
        wishes.map(\.most) == [15] && wishes.first?.tokens == [1, 2, 3, 4, 5] ? [1: [7, 8]] : [:]
      }
      let batch = try #require(next)
      #expect(batch.tokens == [5, 7, 8] && batch.attention.positions == [4, 5, 6] && batch.logitRows == [0, 1, 2])
      #expect(batch.parts.first?.proposed == [7, 8])
      scheduler.complete(batch, [verdict])
      #expect(scheduler.checkIntegrity() == nil)
      let following = scheduler.next(budget: 16)
      #expect(following?.tokens == tokens && following?.attention.positions.first == tokens.map { _ in position })
    }
  }

  @Test func `Nothing is proposed beside a prompt, beyond the budget or the context, or without state slots`() {
    func proposed(context: Int = 64, budget: Int = 16, states: Int = 0, prompt: [Token] = []) -> Int? {
      var limits = Scheduler.Limits(contextLength: context, maximumSequences: 2)
      limits.stateSlots = states
      var scheduler = Scheduler(limits)
      _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2, 3, 4]))
      _ = step(&scheduler, token: 5)
      if !prompt.isEmpty { _ = scheduler.admit(SequenceState(id: 2, prompt: prompt)) }
      let batch = scheduler.next(budget: budget) { propose([6, 7, 8, 9], $0) }
      return batch?.parts.first?.proposed.count
    }
    #expect(proposed() == 4 && proposed(budget: 3) == 2 && proposed(budget: 1) == 0)
    #expect(proposed(context: 7) == 2 && proposed(context: 5) == 0)
    #expect(proposed(states: 3) == 0 && proposed(states: 5) == 2 && proposed(prompt: [7, 8]) == 0)
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
    // All of 300 is found: the beginning of a block is copied.
    #expect(cached == [0, 300, 400, 400])
  }
}
