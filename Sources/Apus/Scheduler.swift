internal import ApusCore

/// Decides which tokens every step processes.
///
/// A pure value: no clock, thread or file, and nothing of what tokens mean. One step after the other: `next` gives a
/// batch, the caller computes it and chooses tokens, `complete` takes a verdict for each part. Between the two nothing
/// else is called. KV blocks are taken as sequences grow; the pool holds
/// `maximumSequences` whole contexts, so those that run never lack one once the prefix cache has given way. A sequence
/// whose reader is behind is parked: it has no place and no KV blocks, only what the prefix cache keeps of it; when it
/// goes on, what is no longer there is computed again, with the same result to the bit.
package struct Scheduler: Sendable {
  /// The bounds of an engine's work.
  package struct Limits: Sendable, Equatable {
    /// Tokens that prompt and completion may have together.
    package var contextLength: Int
    /// Sequences that are worked on at the same time.
    package var maximumSequences = 1
    /// Requests that may wait.
    package var queueLimit = 16
    /// Whether the model has recurrent layers: each sequence has a state slot then, and no prefix is kept.
    package var hasStates = false

    package init(contextLength: Int) { self.contextLength = contextLength }

    /// KV blocks of the pool.
    package var blockCount: Int { maximumSequences * KVCacheLayout.blocks(forPositions: contextLength) }
  }

  package let limits: Limits
  /// Requests that wait, the first to come first.
  private var waiting: [SequenceState] = []
  /// Sequences whose readers are behind, by their ids.
  private var parked: [Int: SequenceState] = [:]
  /// Sequences that are worked on, the first to come first.
  private var running: [SequenceState] = []
  private var allocator: KVBlockAllocator
  private var prefixCache = PrefixCache()

  package init(_ limits: Limits) {
    self.limits = limits
    allocator = KVBlockAllocator(count: limits.blockCount)
  }

  /// Sequences that are worked on.
  package var runningCount: Int { running.count }
  /// Whether `next` would give a batch.
  package var canStep: Bool { !running.isEmpty || !waiting.isEmpty }

  /// Takes a request into the queue; false if that is full.
  ///
  /// - Precondition: The prompt is not empty and shorter than the context; the id is new.
  package mutating func admit(_ sequence: SequenceState) -> Bool {
    precondition(sequence.remaining > 0 && sequence.promptCount < limits.contextLength, "no such prompt fits")
    let free = max(0, limits.maximumSequences - running.count)
    guard waiting.count < limits.queueLimit + free else { return false }
    waiting.append(sequence)
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

  /// Lets a parked sequence go on, before all that wait.
  package mutating func resume(_ id: Int) {
    if let sequence = parked.removeValue(forKey: id) { waiting.insert(sequence, at: 0) }
  }

  /// Forgets all kept keys and values.
  package mutating func clearPrefixCache() {
    while prefixCache.evict(&allocator) {}
  }

  /// The next step, of at most `budget` rows: one row of every sequence in decode, then prompts; nil if nothing is to do.
  package mutating func next(budget: Int, startsWaiting: Bool = true) -> ScheduledBatch? {
    if startsWaiting { startWaiting() }
    var batch = ScheduledBatch()
    for isDecoding in [true, false] {
      for index in running.indices where (running[index].remaining == 1) == isDecoding {
        let count = running[index].rows(of: budget - batch.tokens.count)
        if count > 0 { add(index, count: count, to: &batch) }
      }
    }
    return batch.parts.isEmpty ? nil : batch
  }

  /// Takes in what a step brought: a verdict for each part of its batch.
  ///
  /// - Precondition: A sequence that goes on has a token that is not processed, and no more tokens than the context.
  package mutating func complete(_ batch: ScheduledBatch, _ verdicts: [Verdict]) {
    for (part, verdict) in zip(batch.parts, verdicts) {
      switch verdict {
      case .chunk: moveOn(part, with: [])
      case .tokens(let tokens, let ending):
        moveOn(part, with: tokens)
        if ending != nil { letGo(part.id, keepsPrefix: true) }
      case .failed: letGo(part.id, keepsPrefix: false)
      }
    }
  }
}

extension Scheduler {
  /// What is wrong inside; nil if all is well.
  package func checkIntegrity() -> String? {
    for sequence in running {
      guard sequence.blocks.count >= KVCacheLayout.blocks(forPositions: sequence.processed) else {
        return "sequence \(sequence.id) has too few KV blocks"
      }
      let unwritten = sequence.blocks.dropFirst(sequence.processed / KVCacheLayout.blockPositions)
      guard !unwritten.contains(where: allocator.isShared) else {
        return "sequence \(sequence.id) is about to write to a KV block of others"
      }
      guard sequence.tokens.count <= limits.contextLength, sequence.remaining > 0 else {
        return "sequence \(sequence.id) has \(sequence.tokens.count) tokens, \(sequence.processed) processed"
      }
    }
    guard running.count <= limits.maximumSequences else { return "too many sequences" }
    let resting = waiting.map(\.id) + parked.keys
    guard Set(running.map(\.id) + resting).count == running.count + resting.count else {
      return "a request is twice here"
    }
    return prefixCache.findFault() ?? allocator.findFault(tables: running.map(\.blocks) + prefixCache.tables)
  }

  private mutating func startWaiting() {
    while running.count < limits.maximumSequences, !waiting.isEmpty {
      var sequence = waiting.removeFirst()
      sequence.start(from: prefixCache.take(sequence.reusable, &allocator), stateSlot: freeStateSlot)
      running.append(sequence)
    }
  }

  /// A state slot that no sequence has; nil for a model without recurrent layers.
  private var freeStateSlot: Int32? {
    guard limits.hasStates else { return nil }
    return (0..<Int32(limits.maximumSequences)).first { slot in !running.contains { $0.stateSlot == slot } }
  }

  private mutating func add(_ index: Int, count: Int, to batch: inout ScheduledBatch) {
    for _ in 0..<max(0, running[index].missingBlocks(for: count)) {
      guard let block = takeBlock() else { return }
      running[index].blocks.append(block)
    }
    batch.add(running[index], count: count)
  }

  private mutating func takeBlock() -> Int32? {
    while true {
      if let block = allocator.take() { return block }
      guard prefixCache.evict(&allocator) else { return nil }
    }
  }

  private mutating func moveOn(_ part: ScheduledBatch.Part, with tokens: [Token]) {
    guard let index = running.firstIndex(where: { $0.id == part.id }) else { return }
    running[index].noteProcessed(part.rows.count)
    for token in tokens { running[index].append(token) }
  }

  /// Takes a sequence out of those that run; its KV blocks go to the prefix cache, or are free.
  @discardableResult
  private mutating func letGo(_ id: Int, keepsPrefix: Bool) -> SequenceState? {
    guard let index = running.firstIndex(where: { $0.id == id }) else { return nil }
    let sequence = running.remove(at: index)
    let kept = keepsPrefix && !limits.hasStates ? sequence.processed : 0
    let blocks = KVCacheLayout.blocks(forPositions: kept)
    allocator.release(sequence.blocks[blocks...])
    if kept > 0 { prefixCache.keep(Array(sequence.tokens[..<kept]), in: Array(sequence.blocks[..<blocks])) }
    return sequence
  }
}
