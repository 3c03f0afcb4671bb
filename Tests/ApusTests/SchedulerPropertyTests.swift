internal import Apus
internal import ApusCore
internal import ApusModels
internal import ApusSampling
internal import Testing

/// Random requests, cancels, rests, failures and steps on a scheduler with a tiny pool, beside a model of the memory.
@Suite struct SchedulerPropertyTests {
  private static let runs: UInt64 = 250
  private static let actions = 4_000

  @Test(arguments: 0..<runs)
  func `Whatever happens, every row sees its own sequence, and nothing is lost`(seed: UInt64) throws {
    var run = SchedulerRun(seed: seed)
    for action in 0..<Self.actions {
      run.act()
      try #require(run.fault == nil, "action \(action)")
    }
    run.finish()
    #expect(run.fault == nil)
    #expect(run.ended == run.admitted)
    run.scheduler.clearPrefixCache()
    #expect(run.scheduler.usedBlocks == 0 && run.scheduler.cachedBlocks == 0)
    #expect(run.scheduler.checkIntegrity() == nil)
  }

  @Test func `Such runs have all that can happen`() {
    var (preemptions, hits, evictions, copies, restores, accepted, taken, leftBehind) = (0, 0, 0, 0, 0, 0, 0, 0)
    var acceptedBehindStates = 0
    for seed in 0..<UInt64(60) {
      var run = SchedulerRun(seed: seed)
      for _ in 0..<Self.actions { run.act() }
      preemptions += run.scheduler.preemptions
      hits += run.scheduler.cacheCounts.hits
      evictions += run.scheduler.cacheCounts.evictions
      copies += run.memory.copies
      restores += run.memory.restores
      if run.scheduler.limits.stateSlots == 0 { accepted += run.accepted } else { acceptedBehindStates += run.accepted }
      taken += run.takenOver
      leftBehind += run.scheduler.cacheCounts.windowEvictions
    }
    let counts = [preemptions, hits, evictions, copies, restores, accepted, taken, leftBehind, acceptedBehindStates]
    #expect(counts.allSatisfy { $0 > 100 }, "\(counts)")
  }
}

/// One run: the scheduler, what its memory holds, and what every sequence should hold.
private struct SchedulerRun {
  /// What is known of a request.
  struct Request {
    /// Prompt and completion.
    var text: [Token]
    let promptCount: Int
    let root: BlockTree.Root
    /// Tokens that its completion may still have.
    var room: Int
    /// Where the next score of the prompt is due, and where the last one.
    var scores: Range<Int>
    /// The positions that are still to be pooled; nil where logits are wanted.
    var pooled: Range<Int>?
    /// Tokens that steps have stored since it began or began again.
    var stored: Int?
  }

  var scheduler: Scheduler
  var memory = ModelMemory()
  private var random: RandomSource
  private(set) var requests: [Int: Request] = [:]
  private(set) var admitted: Set<Int> = []
  private(set) var ended: Set<Int> = []
  private(set) var fault: String?
  /// Proposed tokens that came true.
  private(set) var accepted = 0
  /// Requests that came together with another one of the same prompt, and have had no rows.
  private var copies: Set<Int> = []
  /// Tokens that these did not compute.
  private(set) var takenOver = 0
  private var lastText: [Token] = []
  private var nextID = 0
  /// Whether all sequences are whole.
  private let isWhole: Bool

  init(seed: UInt64) {
    random = RandomSource(seed: seed)
    let context = 40 + Int(random.next() % 160), sequences = 1 + Int(random.next() % 5)
    let blocks = KVCacheLayout.blocks(forPositions: context) + Int(random.next() % 6)
    var limits = Scheduler.Limits(
      contextLength: context, maximumSequences: sequences, blockCount: blocks, queueLimit: Int(random.next() % 6))
    isWhole = seed % 7 == 6
    if seed % 3 == 0, !isWhole {
      limits.stateSlots = sequences + Int(random.next() % 3)
      if seed % 2 == 0 { limits.stateSlots += blocks + Int(random.next() % 12) }
    }
    if seed % 4 == 1 || seed % 12 == 0, !isWhole {
      limits.window = 1 + Int(random.next() % 100)
      limits.windowBlocks = (limits.windowSpan ?? 0) + Int(random.next() % 8)
    }
    scheduler = Scheduler(limits)
  }

  private mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

  private mutating func expect(_ condition: Bool, _ words: @autoclosure () -> String) {
    if !condition, fault == nil { fault = words() }
  }

  mutating func act() {
    switch pick(12) {
    case 0, 1:
      let prompt = makePrompt()
      admit(prompt)
      for _ in 0..<pick(8) / 5 where admitted.contains(nextID - 1) {
        copies.insert(nextID)
        admit(prompt)
      }
    case 2: if pick(3) == 0 { cancel(pick(nextID + 1)) }
    case 3: rest(max(0, nextID - pick(8)))
    case 4 where pick(20) == 0: scheduler.clearPrefixCache()
    default: step()
    }
    let found = scheduler.checkIntegrity()
    expect(found == nil, found ?? "")
  }

  /// Lets all that is left come to its end.
  mutating func finish() {
    for id in requests.keys.sorted() { scheduler.resume(id) }
    var steps = 0
    while scheduler.canStep, steps < 50_000, fault == nil {
      step()
      steps += 1
    }
  }

  private mutating func cancel(_ id: Int) {
    let isCancelled = scheduler.cancel(id)
    expect(isCancelled == (requests[id] != nil), "request \(id) is cancelled: \(isCancelled)")
    if isCancelled { end(id) }
  }

  private mutating func rest(_ id: Int) {
    if pick(2) == 0 { return scheduler.resume(id) }
    scheduler.park(id)
    requests[id]?.stored = nil
  }

  private mutating func end(_ id: Int) {
    if let request = requests.removeValue(forKey: id) { lastText = request.text }
    expect(ended.insert(id).inserted, "request \(id) ends twice")
  }

  /// A prompt that often begins like an earlier one.
  private mutating func makePrompt() -> [Token] {
    let length = 1 + pick(1 + pick(scheduler.limits.contextLength - 1))
    var prompt = pick(4) > 0 ? Array(lastText.prefix(1 + pick(200))) : []
    while prompt.count < length { prompt.append(Token(pick(2))) }
    return Array(prompt.prefix(length))
  }

  private mutating func admit(_ prompt: [Token]) {
    let room = min(pick(6) == 0 ? 0 : pick(150), scheduler.limits.contextLength - prompt.count)
    let scoresFrom = pick(3) > 0 ? nil : 1 + pick(prompt.count)
    let pooled =
      isWhole || pick(5) == 0 ? (pick(2) == 0 ? 0 : prompt.count - 1)..<prompt.count : nil
    let adapters = isWhole || pick(6) > 0 ? [] : [AdapterUse(pick(2), scale: 1)]
    let root = BlockTree.Root(adapters: adapters, salt: pick(6) > 0 ? nil : ["a", "b"][pick(2)])
    let sequence = SequenceState(
      id: nextID, prompt: prompt, choosesTokens: room > 0 && pooled == nil,
      scoresFrom: pooled == nil ? scoresFrom : nil, pooled: pooled.map { PooledPositions($0, isWhole: isWhole) },
      root: root, reusesPrefix: pick(8) > 0, priority: pick(5) / 4)
    if scheduler.admit(sequence) {
      admitted.insert(nextID)
      requests[nextID] = Request(
        text: prompt, promptCount: prompt.count, root: root, room: room,
        scores: (scoresFrom ?? prompt.count) - 1..<prompt.count - 1, pooled: pooled)
      if lastText.isEmpty || pick(4) == 0 { lastText = prompt }
    }
    nextID += 1
  }

  private mutating func step() {
    let (canStep, preemptions) = (scheduler.canStep, scheduler.preemptions)
    let budget = 1 + pick(64) + (isWhole ? scheduler.limits.contextLength : 0)
    // Tokens that may come next, as far as they have room with one more behind them.
    let (requests, guesses, guessed) = (requests, (0..<40).map { _ in Token(pick(2)) }, pick(3) == 0 ? pick(40) : 0)
    let batch = scheduler.next(budget: budget, promptRows: pick(3) == 0 ? pick(10) : .max) { wishes in
      Dictionary(
        uniqueKeysWithValues: wishes.map { wish in
          (wish.id, Array(guesses.prefix(max(0, min(guessed, wish.most, (requests[wish.id]?.room ?? 0) - 1)))))
        })
    }
    expect((batch != nil) == canStep, "a step that gives nothing, or comes from nothing")
    guard let batch else { return }
    expect(batch.tokens.count <= budget, "a step of too many rows")
    if scheduler.preemptions > preemptions { noteRestarts(batch) }
    for part in batch.parts { check(part, batch) }
    expect(batch.adapters == batch.parts.map { requests[$0.id]?.root.adapters ?? [] }, "others' adapters")
    let isFailed = pick(100) == 0
    let verdicts = batch.parts.map { isFailed ? .failed(.shuttingDown) : verdict(on: $0) }
    store(batch, verdicts, copies: !isFailed)
    scheduler.complete(batch, verdicts)
    for (part, verdict) in zip(batch.parts, verdicts) { take(verdict, part) }
  }

  /// Who is not in the step may have lost its memory.
  private mutating func noteRestarts(_ batch: ScheduledBatch) {
    let steady = Set(batch.parts.map(\.id))
    for id in requests.keys where !steady.contains(id) { requests[id]?.stored = nil }
  }

  private mutating func take(_ verdict: Verdict, _ part: ScheduledBatch.Part) {
    switch verdict {
    case .chunk: break
    case .tokens(let tokens, let ending):
      requests[part.id]?.text += tokens
      requests[part.id]?.room -= tokens.count
      accepted += max(0, min(part.proposed.count, tokens.count - 1))
      if !part.proposed.isEmpty { requests[part.id]?.stored? -= max(0, part.proposed.count - tokens.count + 1) }
      if ending != nil { end(part.id) }
    case .vector: end(part.id)
    case .failed: end(part.id)
    }
  }

  /// One to three tokens where there are logits, within the room that is left; now and then an end or a failure.
  private mutating func verdict(on part: ScheduledBatch.Part) -> Verdict {
    if pick(200) == 0 { return .failed(.shuttingDown) }
    if let pooled = requests[part.id]?.pooled { return pooled.isEmpty ? .vector([]) : .chunk }
    let room = requests[part.id]?.room ?? 0
    let isWhole = part.progress.processed == part.progress.total
    guard !part.logits.isEmpty, isWhole, room > 0 else {
      return room == 0 && isWhole ? .tokens([], Ending(.length)) : .chunk
    }
    let accepted = part.proposed.prefix(pick(part.proposed.count + 1))
    if pick(80) == 0 { return .tokens(Array(accepted), Ending(.endOfGeneration(99))) }
    let more = part.proposed.isEmpty ? pick(10) / 8 * pick(3) : 0
    let tokens = Array((accepted + (0...more).map { _ in Token(pick(2)) }).prefix(room))
    return .tokens(tokens, tokens.count == room ? Ending(.length) : nil)
  }

  /// Checks that a part has its sequence's next tokens, and that logits are wanted once and in order.
  private mutating func check(_ part: ScheduledBatch.Part, _ batch: ScheduledBatch) {
    guard var request = requests[part.id] else { return expect(false, "a part of request \(part.id), which is over") }
    let first = Int(batch.attention.positions[part.rows.lowerBound])
    let end = first + part.rows.count
    // It may take over what another one has stored meanwhile; whether that is its own text is seen below.
    expect(request.stored ?? 0 <= first, "request \(part.id) goes on at \(first)")
    if copies.remove(part.id) != nil { takenOver += part.progress.cached }
    request.stored = end
    let isInOrder = batch.attention.positions[part.rows].elementsEqual((first..<end).map { Int32($0) })
    expect(isInOrder, "positions out of order")
    let text = request.text + part.proposed
    expect(end <= text.count && batch.tokens[part.rows] == text[first..<end], "others' tokens")
    var last = request.text.count - 1
    expect(part.logits.count <= SequenceState.logitRows, "too many logits")
    for row in batch.logitRows[part.logits] {
      let position = Int(batch.attention.positions[row])
      let due = request.scores.isEmpty ? last : request.scores.lowerBound
      expect(part.rows.contains(row) && position == due, "logits at \(position) of request \(part.id), not \(due)")
      if request.scores.isEmpty { last += 1 } else { request.scores = due + 1..<request.scores.upperBound }
    }
    for rows in batch.vectorRows[part.vectors] {
      let positions = rows.map { Int(batch.attention.positions[$0]) }
      let due = request.pooled?.prefix(isWhole ? .max : 1) ?? 0..<0
      expect(part.rows.contains(rows.lowerBound) && positions == Array(due), "\(positions) are pooled, not \(due)")
      request.pooled = due.upperBound..<(request.pooled?.upperBound ?? 0)
    }
    expect(!isWhole || part.rows.count == request.promptCount, "a whole sequence is cut")
    expect(request.pooled == nil || part.logits.isEmpty, "logits of a sequence that is pooled")
    requests[part.id] = request
  }

  /// Does to the memory what the step does, then checks that each row sees its own sequence and nothing else.
  private mutating func store(_ batch: ScheduledBatch, _ verdicts: [Verdict], copies: Bool) {
    let isSound = verdicts.map { if case .failed = $0 { false } else { true } }
    if copies { memory.copy(batch.copies) }
    let marks = batch.parts.map { requests[$0.id]?.root.mark ?? 0 }
    memory.write(batch, marks, isSound)
    let texts = zip(batch.parts, marks).map { part, mark in
      ((requests[part.id]?.text ?? []) + part.proposed).map { $0 + mark }
    }
    for (index, part) in batch.parts.enumerated() where isSound[index] {
      let end = Int(batch.attention.positions[part.rows.upperBound - 1]) + 1
      let sees = memory.holds(texts[index][..<end], from: 0, .full, in: batch.attention.blockTables[index])
      expect(sees, "request \(part.id) does not see its own keys and values")
      guard let window = scheduler.limits.window else { continue }
      let first = Int(batch.attention.positions[part.rows.lowerBound])
      let seesWindow = memory.holds(
        texts[index][..<end], from: max(0, first - (window - 1)), .windowed, in: batch.attention.windowTables[index])
      expect(seesWindow, "request \(part.id) does not see its window")
    }
    let states = memory.advance(batch, texts, isSound)
    expect(states, "states of another text")
  }
}

extension BlockTree.Root {
  /// What tells keys and values of the same tokens, but with other adapters or for other clients, apart.
  fileprivate var mark: Token {
    adapters.reduce(0) { $0 + 100 * Token($1.number + 1) } + 1_000 * Token(salt.first ?? 0)
  }
}

/// Which token each place of the KV cache holds, and behind which text the states of each slot are.
private struct ModelMemory {
  private static let size = KVCacheLayout.blockPositions
  private static let damaged: Token = -7
  private var places: [KVBlockKind: [Int32: [Token]]] = [.full: [:], .windowed: [:]]
  private var slots: [Int32: ArraySlice<Token>] = [:]
  private(set) var copies = 0, restores = 0

  mutating func copy(_ copies: [ScheduledBatch.Copy]) {
    for copy in copies {
      let from = places[copy.kind]?[copy.from] ?? []
      places[copy.kind]?[copy.to] =
        from.prefix(copy.positions) + Array(repeating: -1, count: Self.size - copy.positions)
      self.copies += 1
    }
  }

  /// Stores a step's tokens; of parts that fail something else.
  mutating func write(_ batch: ScheduledBatch, _ marks: [Token], _ isSound: [Bool]) {
    for (row, token) in batch.tokens.enumerated() {
      let position = Int(batch.attention.positions[row]), sequence = Int(batch.attention.sequences[row])
      let empty = Array(repeating: Token(-1), count: Self.size)
      for kind in KVBlockKind.allCases where !batch.attention.tables(of: kind).isEmpty {
        let block = batch.attention.tables(of: kind)[sequence][position / Self.size]
        places[kind]?[block, default: empty][position % Self.size] =
          isSound[sequence] ? token + marks[sequence] : Self.damaged
      }
    }
  }

  /// Whether the blocks have the tokens of a text from one position on.
  func holds(_ text: ArraySlice<Token>, from position: Int, _ kind: KVBlockKind, in table: [Int32]) -> Bool {
    for start in stride(from: position / Self.size * Self.size, to: text.count, by: Self.size) {
      let part = text[max(start, position)..<min(start + Self.size, text.count)]
      guard let held = places[kind]?[table[start / Self.size]],
        held[(part.startIndex - start)..<(part.endIndex - start)].elementsEqual(part)
      else { return false }
    }
    return true
  }

  /// Moves the states on by a step; false if one starts from those of another text.
  mutating func advance(_ batch: ScheduledBatch, _ texts: [[Token]], _ isSound: [Bool]) -> Bool {
    var isRight = true
    for (index, states) in batch.attention.states.enumerated() where isSound[index] {
      let first = Int(batch.attention.positions[batch.parts[index].rows.lowerBound])
      let start = states.start.map { slots[$0] ?? [Self.damaged] } ?? []
      if start != texts[index][..<first] { isRight = false }
      if states.start != nil, states.start != states.end { restores += 1 }
    }
    for (index, states) in batch.attention.states.enumerated() {
      let last = batch.parts[index].rows.upperBound - 1
      let ends = states.snapshots.map { ($0.row, $0.slot) } + [states.end].compactMap(\.self).map { (last, $0) }
      for (row, slot) in ends {
        slots[slot] = isSound[index] ? texts[index][...Int(batch.attention.positions[row])] : [Self.damaged]
      }
    }
    return isRight
  }
}
