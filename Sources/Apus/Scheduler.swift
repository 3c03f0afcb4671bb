internal import ApusCore

/// Decides which tokens every step processes.
///
/// A pure value: no clock, thread or file, and nothing of what tokens mean. One step after the other: `next` gives a
/// batch, the caller copies and computes it and chooses tokens, `complete` takes a verdict for each part. Between the
/// two nothing else is called.
///
/// One order decides wherever not all can have what they need: higher priority first, then who came first. KV blocks
/// are taken as sequences grow. Where there are none, cached ones give way, then the least urgent sequence: it waits
/// again, and is computed again later, with the same result to the bit. So the most urgent one always gets on. A
/// sequence whose reader is behind is parked: it has no place and no KV blocks, only what the tree of blocks keeps.
package struct Scheduler: Sendable {
  /// The bounds of an engine's work.
  package struct Limits: Sendable, Equatable {
    /// Tokens that prompt and completion may have together.
    package var contextLength: Int
    /// Sequences that are worked on at the same time.
    package var maximumSequences: Int
    /// KV blocks of the pool, at least those of one context.
    package var blockCount: Int
    /// Requests that may wait.
    package var queueLimit: Int
    /// State slots: one for each sequence, and the others for snapshots; 0 for a model without recurrent layers.
    package var stateSlots = 0
    /// Positions that windowed layers keep, the next one included; nil for a model without windowed layers.
    package var window: Int?
    /// Window blocks of the pool, at least `windowSpan`.
    package var windowBlocks = 0

    /// Without `blockCount` the pool has whole contexts for all sequences.
    package init(contextLength: Int, maximumSequences: Int = 1, blockCount: Int? = nil, queueLimit: Int = 16) {
      self.contextLength = contextLength
      self.maximumSequences = maximumSequences
      self.blockCount = blockCount ?? maximumSequences * KVCacheLayout.blocks(forPositions: contextLength)
      self.queueLimit = queueLimit
    }

    var hasStates: Bool { stateSlots > 0 }

    /// Window blocks that a sequence needs at most to go on by a token.
    package var windowSpan: Int? {
      window.map { window in
        let context = KVCacheLayout.blocks(forPositions: contextLength)
        return window < contextLength ? min(context, KVCacheLayout.blocks(forPositions: window) + 1) : context
      }
    }
  }

  package let limits: Limits
  /// Requests that wait, the most urgent first.
  var waiting: [SequenceState] = []
  /// Sequences whose readers are behind, by their ids.
  var parked: [Int: SequenceState] = [:]
  /// Sequences that are worked on, the most urgent first.
  var running: [SequenceState] = []
  var allocator: KVBlockAllocator
  var tree: BlockTree
  var freeSlots: [Int32]
  /// How many requests have come, and how many steps were made.
  private var requestCount = 0, stepCount = 0
  /// How often a sequence had to give its blocks to a more urgent one.
  package internal(set) var preemptions = 0

  package init(_ limits: Limits) {
    precondition(
      limits.blockCount >= KVCacheLayout.blocks(forPositions: limits.contextLength), "the pool holds no whole context")
    precondition(!limits.hasStates || limits.stateSlots >= limits.maximumSequences, "a sequence without a state slot")
    precondition(limits.windowBlocks >= limits.windowSpan ?? 0, "the pool holds no whole window")
    self.limits = limits
    tree = BlockTree(
      needsSnapshots: limits.hasStates, window: limits.window, windowBlocks: limits.windowBlocks)
    allocator = KVBlockAllocator(count: limits.blockCount)
    freeSlots = (0..<Int32(clamping: limits.stateSlots)).reversed()
  }

  /// The sequences that are worked on.
  var runningIDs: some Sequence<Int> { running.lazy.map(\.id) }
  /// How many they are.
  package var runningCount: Int { running.count }
  /// Sequences that have one token to process.
  package var decodingCount: Int { running.count(where: \.isDecoding) }
  /// Requests that wait for a place, those that were worked on before included.
  package var waitingCount: Int { waiting.count }
  /// KV blocks that running sequences use.
  package var usedBlocks: Int { allocator.count - allocator.freeCount - tree.idleCount }
  /// KV blocks that are kept for prompts to come.
  package var cachedBlocks: Int { tree.idleCount }
  /// What the kept blocks have brought.
  package var cacheCounts: BlockTree.Counts { tree.counts }
  /// Whether `next` would give a batch.
  package var canStep: Bool { !running.isEmpty || !waiting.isEmpty }

  /// Takes a request into the queue; false if that is full.
  ///
  /// - Precondition: The prompt is not empty and no longer than the context, in which a completion has its room too; the
  ///   id is new.
  package mutating func admit(_ sequence: SequenceState) -> Bool {
    precondition(sequence.remaining > 0 && sequence.promptCount <= limits.contextLength, "no such prompt fits")
    guard waiting.count + running.count < limits.queueLimit + limits.maximumSequences else { return false }
    var sequence = sequence
    sequence.age = requestCount
    requestCount += 1
    waiting.insert(byUrgency: sequence)
    return true
  }

  /// Ends a request, wherever it is; false if there is no such request.
  ///
  /// What was computed is kept for its like.
  package mutating func cancel(_ id: Int) -> Bool {
    if let index = waiting.firstIndex(where: { $0.id == id }) {
      waiting.remove(at: index)
      return true
    }
    if parked.removeValue(forKey: id) != nil { return true }
    return letGo(id, keepsPrefix: true) != nil
  }

  /// Ends a request that failed, wherever it is; its keys and values are not used again.
  package mutating func fail(_ id: Int) {
    waiting.removeAll { $0.id == id }
    parked[id] = nil
    letGo(id, keepsPrefix: false)
  }

  /// Takes a sequence out of those that are worked on; its place is free for another.
  package mutating func park(_ id: Int) {
    guard var sequence = letGo(id, keepsPrefix: true) else { return }
    sequence.rest()
    parked[id] = sequence
  }

  /// Lets a parked sequence go on, before all that came later.
  package mutating func resume(_ id: Int) {
    if let sequence = parked.removeValue(forKey: id) { waiting.insert(byUrgency: sequence) }
  }

  /// Forgets all keys and values but those of running sequences.
  package mutating func clearPrefixCache() {
    while tree.evict(&allocator) {}
  }

  /// The next step, of at most `budget` rows; nil if nothing is to do.
  ///
  /// Beside sequences in decode, prompts get at most `promptRows` of them, and at least one. Where all are in decode, the
  /// rows that are left may be given to tokens that `proposing` guesses. Where sequences must be whole, `budget` is no less
  /// than a context.
  package mutating func next(
    budget: Int, promptRows: Int = .max, proposing: Proposing = { _ in [:] }
  ) -> ScheduledBatch? {
    precondition(budget > 0, "a step of no rows")
    startWaiting()
    let waiters = catchUp()
    let proposals = proposals(budget: budget, proposing)
    // Those that found no KV block are offered rows last in the round that follows, so the most urgent one's turn comes.
    while !running.isEmpty {
      var batch = ScheduledBatch()
      stepCount += 1
      for share in shares(of: budget, promptRows: promptRows, without: waiters) {
        add(share, proposed: proposals[share.id] ?? [], to: &batch)
      }
      if !batch.parts.isEmpty {
        dropTails()
        return batch
      }
    }
    return nil
  }

  private mutating func add(_ share: Share, proposed: [Token], to batch: inout ScheduledBatch) {
    // It may have lost its place to a more urgent one.
    guard let index = running.firstIndex(where: { $0.id == share.id }) else { return }
    running[index].lastStep = stepCount
    let count = reserve(share.rows, at: index)
    guard count > 0 else { return }
    let isFresh = running[index].isFresh
    if isFresh { tree.noteStart(found: running[index].processed) }
    running[index].isFresh = false
    let copies = running[index].takeCopies()
    batch.copies += copies
    if !isFresh { tree.noteFound(copies.first?.positions ?? 0) }
    // Behind its last token only: without room for the copy of a block there are more to compute first.
    let (fitting, restarts) = count == running[index].remaining ? fitting(proposed, at: index) : ([], [])
    batch.add(
      running[index], count: count, proposed: fitting, restarts: restarts,
      snapshots: takeSnapshotSlots(running[index], count + fitting.count))
  }

  /// Takes in what a step brought: a verdict for each part of its batch.
  ///
  /// - Precondition: A sequence that goes on has a token that is not processed, and no more tokens than the context.
  package mutating func complete(_ batch: ScheduledBatch, _ verdicts: [Verdict]) {
    for copy in batch.copies {
      switch copy.kind {
      case .full: allocator.release(CollectionOfOne(copy.from))
      case .windowed: tree.releaseWindowBlocks(CollectionOfOne(copy.from))
      }
    }
    for (index, verdict) in verdicts.enumerated() {
      let part = batch.parts[index]
      switch verdict {
      case .chunk: moveOn(part, batch.snapshots(of: index), with: [], nil)
      case .tokens(let tokens, let ending):
        moveOn(part, batch.snapshots(of: index), with: tokens, ending)
        if ending != nil { letGo(part.id, keepsPrefix: true) }
      case .vector:
        moveOn(part, batch.snapshots(of: index), with: [], nil)
        letGo(part.id, keepsPrefix: true)
      case .failed:
        freeSlots += batch.snapshots(of: index).map(\.slot) + part.restarts
        letGo(part.id, keepsPrefix: false)
      }
    }
  }

  private mutating func moveOn(
    _ part: ScheduledBatch.Part, _ snapshots: ArraySlice<SequenceStates.Snapshot>, with tokens: [Token],
    _ ending: Ending?
  ) {
    guard let index = running.firstIndex(where: { $0.id == part.id }), !running[index].isWhole else { return }
    let first = running[index].processed
    let kept = part.keptRows(tokens, ending)
    freeSlots += running[index].noteProcessed(kept, restarts: part.restarts)
    // First of all the tokens: proposed ones that came true are stored already.
    for token in tokens { running[index].append(token) }
    for snapshot in snapshots {
      let row = snapshot.row - part.rows.lowerBound
      if row < kept {
        running[index].keep(first + row + 1, snapshot: snapshot.slot, in: &tree, &allocator)
      } else {
        freeSlots.append(snapshot.slot)
      }
    }
    running[index].keep(running[index].processed, in: &tree, &allocator)
  }
}

extension [SequenceState] {
  /// Puts a sequence behind all that are more urgent.
  mutating func insert(byUrgency sequence: SequenceState) {
    insert(sequence, at: firstIndex { sequence.isMoreUrgent(than: $0) } ?? endIndex)
  }
}
