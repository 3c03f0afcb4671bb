internal import Apus
internal import ApusCore
internal import ApusSampling
internal import Testing

/// Random operations on a scheduler, with a model of the KV cache that knows which token each place holds.
@Suite struct SchedulerPropertyTests {
  /// One run: the scheduler, what the KV blocks hold, and what every sequence should hold.
  private struct Run {
    var scheduler: Scheduler
    var random: RandomSource
    var places: [Int32: [Token]] = [:]
    var prompts: [Int: [Token]] = [:]
    var produced: [Int: [Token]] = [:]
    /// Where the next score of a prompt is due, and where its last one.
    var scores: [Int: Range<Int>] = [:]
    /// Tokens that each completion may have.
    var room: [Int: Int] = [:]
    var ended: Set<Int> = []
    var nextID = 0

    init(seed: UInt64) {
      random = RandomSource(seed: seed)
      var limits = Scheduler.Limits(contextLength: 40 + Int(random.next() % 300))
      limits.maximumSequences = 1 + Int(random.next() % 4)
      limits.queueLimit = Int(random.next() % 6)
      scheduler = Scheduler(limits)
    }

    mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    /// A prompt that often begins like an earlier one.
    mutating func makePrompt() -> [Token] {
      let length = 1 + pick(scheduler.limits.contextLength - 1)
      var prompt: [Token] = []
      if pick(4) > 0, let earlier = prompts.values.min(by: { $0.count < $1.count }), pick(2) == 0 {
        prompt = Array(earlier.prefix(1 + pick(earlier.count)))
      } else if pick(4) > 0, let id = prompts.keys.sorted().last {
        prompt = (prompts[id] ?? []) + (produced[id] ?? [])
      }
      while prompt.count < length { prompt.append(Token(pick(3))) }
      return Array(prompt.prefix(length))
    }

    mutating func admit() {
      let prompt = makePrompt()
      let most = min(pick(60), scheduler.limits.contextLength - prompt.count)
      let scoresFrom = pick(3) > 0 ? nil : 1 + pick(prompt.count)
      let sequence = SequenceState(
        id: nextID, prompt: prompt, choosesTokens: most > 0, scoresFrom: scoresFrom, reusesPrefix: pick(8) > 0)
      if scheduler.admit(sequence) {
        prompts[nextID] = prompt
        produced[nextID] = []
        room[nextID] = most
        scores[nextID] = (scoresFrom ?? prompt.count) - 1..<prompt.count - 1
      }
      nextID += 1
    }

    mutating func step() {
      guard let batch = scheduler.next(budget: 1 + pick(64)) else { return }
      store(batch)
      let isFailed = pick(20) == 0
      let verdicts = batch.parts.map { isFailed ? .failed(.shuttingDown) : verdict(on: $0) }
      scheduler.complete(batch, verdicts)
      for (part, verdict) in zip(batch.parts, verdicts) {
        switch verdict {
        case .chunk: continue
        case .tokens(let tokens, let ending):
          produced[part.id, default: []] += tokens
          if ending == nil { continue }
        case .failed: break
        }
        #expect(!ended.contains(part.id))
        ended.insert(part.id)
      }
    }

    /// One to three tokens where there are logits, within the room that is left; now and then an end or a failure.
    mutating func verdict(on part: ScheduledBatch.Part) -> Verdict {
      if pick(50) == 0 { return .failed(.shuttingDown) }
      let room = (room[part.id] ?? 0) - (produced[part.id]?.count ?? 0)
      let isWhole = part.progress.processed == part.progress.total
      guard !part.logits.isEmpty, isWhole, self.room[part.id] != 0 else {
        return room == 0 && isWhole ? .tokens([], Ending(.length)) : .chunk
      }
      if pick(25) == 0 { return .tokens([], Ending(.endOfGeneration(99))) }
      let tokens = (0..<min(room, 1 + pick(10) / 8 * pick(3))).map { _ in Token(pick(3)) }
      return .tokens(tokens, tokens.count == room ? Ending(.length) : nil)
    }

    /// Writes the step's tokens into the blocks, then checks that each row sees its own sequence and nothing else.
    mutating func store(_ batch: ScheduledBatch) {
      let size = KVCacheLayout.blockPositions
      for (row, token) in batch.tokens.enumerated() {
        let position = Int(batch.attention.positions[row])
        let block = batch.attention.blockTables[Int(batch.attention.sequences[row])][position / size]
        places[block, default: Array(repeating: -1, count: size)][position % size] = token
      }
      for (index, part) in batch.parts.enumerated() {
        let last = Int(batch.attention.positions[part.rows.upperBound - 1])
        checkLogits(of: part, in: batch)
        let table = batch.attention.blockTables[index]
        let seen = (0...last).map { places[table[$0 / size]]?[$0 % size] ?? -1 }
        let expected = (prompts[part.id] ?? []) + (produced[part.id] ?? [])
        #expect(seen == Array(expected[...last]))
      }
    }

    /// Checks that each score's logits come once and in order, and then those of the last token.
    mutating func checkLogits(of part: ScheduledBatch.Part, in batch: ScheduledBatch) {
      #expect(part.logits.count <= SequenceState.logitRows)
      var due = scores[part.id] ?? 0..<0
      for row in batch.logitRows[part.logits] {
        let position = Int(batch.attention.positions[row])
        #expect(part.rows.contains(row))
        if due.isEmpty {
          #expect(position == (prompts[part.id]?.count ?? 0) + (produced[part.id]?.count ?? 0) - 1)
        } else {
          #expect(position == due.lowerBound)
          due = due.lowerBound + 1..<due.upperBound
        }
      }
      scores[part.id] = due
    }

    mutating func act() {
      switch pick(12) {
      case 0, 1: admit()
      case 2:
        let id = pick(nextID + 1)
        if scheduler.cancel(id) { ended.insert(id) }
      case 3: if pick(2) == 0 { scheduler.park(pick(nextID + 1)) } else { scheduler.resume(pick(nextID + 1)) }
      case 4 where pick(20) == 0: scheduler.clearPrefixCache()
      default: step()
      }
    }
  }

  @Test(arguments: 0..<60)
  func `Whatever happens, KV blocks stay in order and every row sees its own sequence`(seed: UInt64) throws {
    var run = Run(seed: seed)
    for _ in 0..<600 {
      run.act()
      try #require(run.scheduler.checkIntegrity() == nil)
    }
    for id in 0..<run.nextID { run.scheduler.resume(id) }
    var steps = 0
    while run.scheduler.canStep, steps < 100_000 {
      run.step()
      steps += 1
    }
    #expect(run.ended == Set(run.prompts.keys))
    run.scheduler.clearPrefixCache()
    #expect(run.scheduler.checkIntegrity() == nil)
  }
}
