internal import ApusCore
internal import ApusModels
internal import ApusSampling

/// An engine's lane: takes commands, asks the scheduler for a step, computes it, hands out the tokens.
///
/// Belongs to the thread that computes, which also has other engines' lanes.
struct EngineLoop {
  let model: LanguageModel
  let cache: KVCache
  let inbox: EngineInbox
  private let watch: FileWatch?
  private var scheduler: Scheduler
  private var budget = StepBudget()
  private var generations: [Int: Generation] = [:]
  private let readerStall: Duration?
  /// When parked sequences end that nobody reads, and when any end because of their deadline.
  private var stalls = Expiries(), deadlines = Expiries()
  private var logits: [Float] = []
  private var vectors: [Float] = []
  private let workspaces: [WorkerSpace]
  private var proposers: Proposers

  init(
    _ model: EngineModel, _ cache: KVCache, _ draft: Draft?, _ configuration: EngineConfiguration,
    _ inbox: EngineInbox
  ) {
    proposers = Proposers(draft, configuration.now)
    readerStall = configuration.readerStall
    self.model = model.model
    watch = model.watch
    workspaces = (0..<model.model.backend.workers.threadCount).map { _ in WorkerSpace() }
    self.cache = cache
    self.inbox = inbox
    var limits = configuration.limits
    limits.blockCount = cache.layout.blocks
    limits.stateSlots = cache.layout.stateSlots
    (limits.window, limits.windowBlocks) = (cache.layout.window, cache.layout.windowBlocks)
    scheduler = Scheduler(limits)
  }

  /// Obeys the commands since the last call; false when the lane must end, and all that it had has ended.
  mutating func listen() -> Bool {
    while let commands = inbox.next(isIdle: !canWork, running: scheduler.runningCount) {
      for command in commands { obey(command) }
      endExpired()
      if commands.isEmpty { return true }
    }
    cancelAll()
    return false
  }

  /// Does one step.
  mutating func work() {
    guard hasItsFile() else {
      for id in generations.keys.sorted() { fail(id, .modelChanged(path: watch?.path ?? "")) }
      return
    }
    if let batch = nextBatch() { step(batch) }
  }

  /// Whether something is to do without a further command.
  var canWork: Bool { scheduler.canStep }

  /// How long it can wait for a command, where it cannot work; nil is for ever.
  var patience: Duration? {
    [stalls.next, deadlines.next].compactMap(\.self).min().map { inbox.now().duration(to: $0) }
  }

  private mutating func obey(_ command: EngineInbox.Command) {
    switch command {
    case .submit(let generation):
      generations[generation.id] = generation
      deadlines.set(generation.id, to: generation.deadline)
      if !scheduler.admit(generation.sequence) {
        fail(generation.id, .queueFull(limit: scheduler.limits.queueLimit))
      }
    case .cancel(let id):
      if scheduler.cancel(id) { end(id, Ending(.cancelled)) }
    case .cancelAll: cancelAll()
    case .resume(let id):
      stalls.set(id, to: nil)
      scheduler.resume(id)
    case .compareFile(let comparison):
      _ = hasItsFile()
      comparison.end()
    }
  }

  /// Ends what nobody has read for too long, and what has met its deadline.
  private mutating func endExpired() {
    let time = inbox.now()
    for id in stalls.takeDue(at: time) where scheduler.cancel(id) { end(id, Ending(.stalled)) }
    for id in deadlines.takeDue(at: time) where scheduler.cancel(id) { end(id, Ending(.deadline)) }
  }

  private mutating func cancelAll() {
    for id in generations.keys.sorted() {
      _ = scheduler.cancel(id)
      end(id, Ending(.cancelled))
    }
  }

  private mutating func nextBatch() -> ScheduledBatch? {
    scheduler.next(
      budget: model.maxBatchRows, promptRows: budget.promptRows(besides: scheduler.decodingCount)
    ) { proposers.propose($0, generations) }
  }
}

extension EngineLoop {
  /// Whether the model's file is the one that was loaded; compares what was used of one that was touched.
  private func hasItsFile() -> Bool {
    guard let watch else { return true }
    if watch.look() == .touched { watch.settle { model.isUnchanged { inbox.noteProgress() } } }
    return watch.look() != .changed
  }

  private mutating func step(_ batch: ScheduledBatch) {
    let start = inbox.now()
    for part in batch.parts { generations[part.id]?.start(cached: part.progress.cached, at: start) }
    inbox.note(running: scheduler.runningCount)
    var batch = batch
    let verdicts = verdicts(on: &batch)
    let time = inbox.now()
    proposers.note(batch, verdicts, took: start.duration(to: time))
    scheduler.complete(batch, verdicts)
    // Before any reader knows of its end, so that whoever has waited for it finds it counted.
    note(batch, report(batch, verdicts, from: start, to: time))
    for (part, verdict) in zip(batch.parts, verdicts) { deliver(verdict, to: part, at: time) }
    // Those that were parked.
    proposers.keepOnly(scheduler.runningIDs)
  }

  /// What a step was, and when the tokens came that it brought.
  private func report(
    _ batch: ScheduledBatch, _ verdicts: [Verdict], from start: ContinuousClock.Instant,
    to end: ContinuousClock.Instant
  ) -> EngineStep {
    var report = EngineStep(batch, took: start.duration(to: end))
    for (part, verdict) in zip(batch.parts, verdicts) {
      guard case .tokens(let tokens, _) = verdict, let generation = generations[part.id] else { continue }
      report.note(tokens.count, of: generation, at: end)
    }
    return report
  }

  private mutating func note(_ batch: ScheduledBatch, _ report: EngineStep) {
    let decodeRows = batch.decodeRows
    if batch.proposedRows == 0 {
      budget.note(decodeRows: decodeRows, promptRows: batch.tokens.count - decodeRows, took: report.duration)
    }
    let draftTime = proposers.takeDraftTime()
    let (scheduler, proposers) = settled()
    inbox.note(step: report) { metrics in
      metrics.steps += 1
      metrics.busyTime += report.duration + draftTime
      metrics.draftTime += draftTime
      metrics.note(scheduler, proposers)
    }
  }

  /// Computes a step, and what it brings for each part.
  ///
  /// Proposed rows that failed are taken out of it.
  private mutating func verdicts(on batch: inout ScheduledBatch) -> [Verdict] {
    do throws(BackendError) {
      let failed = try compute(batch)
      batch.dropProposed(failed)
      return judge(batch, failures: batch.failures(failed))
    } catch {
      return batch.parts.map { _ in .failed(ApusError(error)) }
    }
  }

  /// Computes the logits and vectors of a step; gives the failures of single rows, throws where all failed.
  private mutating func compute(_ batch: ScheduledBatch) throws(BackendError) -> [RowFailure] {
    let (model, cache) = (model, cache)
    let count = batch.logitRows.count * model.configuration.vocabularySize
    if logits.count < count {
      // The old ones go first: both together would be the most memory.
      logits = []
      logits = [Float](repeating: 0, count: count)
    }
    var all = logits.mutableSpan
    var wanted = all._mutatingExtracting(..<count)
    var vectors = [Float](repeating: 0, count: batch.vectorRows.count * model.configuration.vectorSize)
    defer { self.vectors = vectors }
    var vectorRoom = vectors.mutableSpan
    for copy in batch.copies {
      model.backend.copyBlock(copy.kind, from: copy.from, to: copy.to, positions: copy.positions, in: cache)
    }
    return try model.forward(
      tokens: batch.tokens, batch: batch.attention, adapters: batch.adapters, cache: cache,
      wanted: WantedRows(logits: batch.logitRows, vectors: batch.vectorRows), into: &wanted, &vectorRoom)
  }

  /// Judges side by side all parts that have not failed.
  private func judge(_ batch: ScheduledBatch, failures: [BackendError?]) -> [Verdict] {
    let (logits, vectors, workspaces) = (logits, vectors, workspaces)
    let (size, vectorSize) = (model.configuration.vocabularySize, model.configuration.vectorSize)
    let judged = zip(batch.parts, failures).map { part, failure in failure == nil ? generations[part.id] : nil }
    model.backend.workers.run(tiles: batch.parts.count) { tile, worker in
      let part = batch.parts[tile]
      if part.vectors.isEmpty {
        let own = logits.span.extracting(part.logits.lowerBound * size..<part.logits.upperBound * size)
        judged[tile]?.judge(part, own, &workspaces[worker].workspace)
      } else {
        judged[tile]?.judge(
          vectors.span.extracting(part.vectors.lowerBound * vectorSize..<part.vectors.upperBound * vectorSize),
          count: part.vectors.count)
      }
    }
    return zip(judged, failures).map { generation, failure in
      failure.map { .failed(ApusError($0)) } ?? generation?.verdict ?? .chunk
    }
  }

  /// Tells a reader what a step brought; the scheduler knows already.
  private mutating func deliver(
    _ verdict: Verdict, to part: ScheduledBatch.Part, at time: ContinuousClock.Instant
  ) {
    guard let generation = generations[part.id] else { return }
    switch verdict {
    case .chunk: generation.send(part.progress)
    case .tokens(_, nil):
      guard generation.sendDelta() else { return }
      scheduler.park(part.id)
      stalls.set(part.id, to: readerStall.map { time.advanced(by: $0) })
    case .tokens(_, let ending?): end(part.id, ending)
    case .vector: end(part.id, Ending(.length))
    case .failed(let error): fail(part.id, error)
    }
  }

  /// How things stand, once nothing is kept for sequences that do not run.
  private mutating func settled() -> (Scheduler, Proposers) {
    proposers.keepOnly(scheduler.runningIDs)
    return (scheduler, proposers)
  }

  /// Lets go of a request that ends.
  private mutating func remove(_ id: Int) -> Generation? {
    stalls.set(id, to: nil)
    deadlines.set(id, to: nil)
    return generations.removeValue(forKey: id)
  }

  /// Ends a request that the scheduler has let go of.
  private mutating func end(_ id: Int, _ ending: Ending) {
    guard let generation = remove(id) else { return }
    let ending = generation.end(ending)
    let (scheduler, proposers) = settled()
    inbox.note(endedRequests: 1) { metrics in
      switch ending.reason {
      case .cancelled, .stalled, .deadline: metrics.cancelledRequests += 1
      case .stop, .length: metrics.completedRequests += 1
      }
      metrics.note(generation)
      metrics.note(scheduler, proposers)
    }
    generation.finish(ending, at: inbox.now())
  }

  private mutating func fail(_ id: Int, _ error: ApusError) {
    scheduler.fail(id)
    guard let generation = remove(id) else { return }
    let (scheduler, proposers) = settled()
    inbox.note(endedRequests: 1) { metrics in
      metrics.failedRequests += 1
      metrics.note(generation)
      metrics.note(scheduler, proposers)
    }
    generation.channel.finish(.failure(error))
  }
}

extension EngineMetrics {
  /// Adds the tokens of a request that has ended.
  fileprivate mutating func note(_ generation: Generation) {
    guard generation.isStarted else { return }
    promptTokens += generation.promptCount
    cachedTokens += generation.cachedCount
    completionTokens += generation.completionCount
    proposedTokens += generation.proposedCount
    acceptedTokens += generation.acceptedCount
  }

  /// Takes over how things stand between two steps.
  fileprivate mutating func note(_ scheduler: Scheduler, _ proposers: Proposers) {
    runningRequests = scheduler.runningCount
    queuedRequests = scheduler.waitingCount
    usedBlocks = scheduler.usedBlocks
    cachedBlocks = scheduler.cachedBlocks
    prefixCounts = scheduler.cacheCounts
    preemptions = scheduler.preemptions
    draftBlocks = proposers.draftBlocks
    draftFailure = proposers.failure
  }
}

/// What one of the backend's workers chooses tokens in.
private final class WorkerSpace {
  var workspace = Workspace()
}
