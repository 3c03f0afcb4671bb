internal import ApusCore
internal import ApusModels
internal import ApusSampling

/// What the engine's thread does: takes commands, asks the scheduler for a step, computes it, hands out the tokens.
struct EngineLoop {
  let model: LanguageModel
  let cache: KVCache
  let inbox: EngineInbox
  private let watch: FileWatch?
  private var scheduler: Scheduler
  private var generations: [Int: Generation] = [:]
  private var parked = ParkedReaders()
  private var jobs: [ExclusiveJob] = []
  private var logits: [Float] = []
  private let workspaces: [WorkerSpace]

  init(_ model: EngineModel, _ cache: KVCache, _ configuration: EngineConfiguration, _ inbox: EngineInbox) {
    parked.limit = configuration.readerStall
    self.model = model.model
    watch = model.watch
    workspaces = (0..<model.model.backend.workers.threadCount).map { _ in WorkerSpace() }
    self.cache = cache
    self.inbox = inbox
    scheduler = Scheduler(configuration.limits)
  }

  /// The thread's life.
  mutating func run() {
    while let commands = inbox.next(mayWait: !canWork, until: parked.deadline, running: scheduler.runningCount) {
      for command in commands { obey(command) }
      endStalled()
      if let batch = nextBatch() { step(batch) } else { runJobs() }
    }
    cancelAll()
  }

  /// Whether something is to do without a further command.
  private var canWork: Bool { scheduler.canStep || (!jobs.isEmpty && scheduler.runningCount == 0) }

  private mutating func obey(_ command: EngineInbox.Command) {
    switch command {
    case .submit(let pending):
      generations[pending.sequence.id] = Generation(pending)
      if !scheduler.admit(pending.sequence) {
        fail(pending.sequence.id, .queueFull(limit: scheduler.limits.queueLimit))
      }
    case .cancel(let id):
      if scheduler.cancel(id) { end(id, .cancelled, nil) }
    case .cancelAll: cancelAll()
    case .resume(let id):
      parked.remove(id)
      scheduler.resume(id)
    case .runExclusively(let job): jobs.append(job)
    case .compareFile(let comparison):
      _ = hasItsFile()
      comparison.end()
    }
  }

  /// Ends what nobody has read for too long.
  private mutating func endStalled() {
    guard let deadline = parked.deadline, deadline <= inbox.now() else { return }
    for id in parked.takeStalled(at: inbox.now()) where scheduler.cancel(id) { end(id, .stalled, nil) }
  }

  private mutating func cancelAll() {
    for id in generations.keys.sorted() {
      _ = scheduler.cancel(id)
      end(id, .cancelled, nil)
    }
    for job in jobs { job.drop() }
    inbox.note(endedJobs: jobs.count)
    jobs = []
  }

  /// The next step; none while a job waits and no sequence is under way.
  private mutating func nextBatch() -> ScheduledBatch? {
    if !jobs.isEmpty, scheduler.runningCount == 0 { return nil }
    // Nothing new starts while a job waits: it would never have the model alone.
    return scheduler.next(budget: model.maxBatchRows, startsWaiting: jobs.isEmpty)
  }

  private mutating func runJobs() {
    guard !jobs.isEmpty, scheduler.runningCount == 0 else { return }
    scheduler.clearPrefixCache()
    let job = jobs.removeFirst()
    job.run(model, cache)
    inbox.note(endedJobs: 1)
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
    guard hasItsFile() else {
      for id in generations.keys.sorted() { fail(id, .modelChanged(path: watch?.path ?? "")) }
      return
    }
    let start = inbox.now()
    for part in batch.parts where generations[part.id]?.isStarted == false {
      generations[part.id]?.start(cached: part.cached, at: start)
    }
    inbox.note(running: scheduler.runningCount)
    do throws(BackendError) {
      try compute(batch)
      let choices = choose(batch)
      let time = inbox.now()
      let chosen = Dictionary(zip(batch.parts.lazy.map(\.id), choices)) { first, _ in first }.compactMapValues(\.self)
      for event in scheduler.complete(batch, tokens: choices.map { $0?.id }) {
        deliver(event, chosen, at: time)
      }
    } catch {
      for part in batch.parts { fail(part.id, ApusError(error)) }
    }
    let busy = start.duration(to: inbox.now())
    inbox.note { metrics in
      metrics.steps += 1
      metrics.busyTime += busy
    }
  }

  /// Computes a step; requests that it failed for have ended when this returns.
  ///
  /// Throws where all of them failed.
  private mutating func compute(_ batch: ScheduledBatch) throws(BackendError) {
    let (model, cache) = (model, cache)
    let count = batch.logitRows.count * model.configuration.vocabularySize
    if logits.count < count { logits = [Float](repeating: 0, count: count) }
    var all = logits.mutableSpan
    var wanted = all._mutatingExtracting(..<count)
    let failures = try model.forward(
      tokens: batch.tokens, batch: batch.attention, cache: cache, logitRows: batch.logitRows, into: &wanted)
    for (part, error) in batch.failures(failures) { fail(part.id, ApusError(error)) }
  }

  /// Chooses the tokens of all parts side by side; nil where none is wanted, or the request has failed.
  private mutating func choose(_ batch: ScheduledBatch) -> [GeneratedToken?] {
    let (logits, size, workspaces) = (logits, model.configuration.vocabularySize, workspaces)
    let chosen = batch.parts.map { part in part.logits.flatMap { _ in generations[part.id] } }
    model.backend.workers.run(tiles: batch.parts.count) { tile, worker in
      guard let generation = chosen[tile], let row = batch.parts[tile].logits else { return }
      generation.choose(logits.span.extracting(row * size..<(row + 1) * size), &workspaces[worker].workspace)
    }
    return chosen.enumerated().map { index, generation in
      guard let choice = generation?.choice else { return nil }
      do throws(SamplingError) {
        return try choice.get()
      } catch {
        fail(batch.parts[index].id, .engineFailed(reason: error.description))
        return nil
      }
    }
  }

  private mutating func deliver(
    _ event: Scheduler.Event, _ chosen: [Int: GeneratedToken], at time: ContinuousClock.Instant
  ) {
    switch event {
    case .progress(let id, let progress): generations[id]?.channel.send(progress)
    case .token(let id, _):
      guard let token = chosen[id], let outcome = generations[id]?.accept(token, at: time) else { return }
      if outcome.isReaderBehind {
        scheduler.park(id)
        parked.add(id, at: time)
      }
      if let stop = outcome.stop {
        _ = scheduler.cancel(id)
        end(id, .stop, stop)
      }
    case .finished(let id, let reason, let stop): end(id, reason, stop)
    }
  }

  /// Ends a request that the scheduler has let go of.
  private mutating func end(_ id: Int, _ reason: FinishReason, _ stop: StopReason?) {
    guard let generation = generations.removeValue(forKey: id) else { return }
    parked.remove(id)
    inbox.note(endedRequests: 1) { metrics in
      switch reason {
      case .cancelled, .stalled: metrics.cancelledRequests += 1
      case .stop, .length: metrics.completedRequests += 1
      }
      metrics.note(generation)
    }
    generation.finish(reason, stop, at: inbox.now())
  }

  private mutating func fail(_ id: Int, _ error: ApusError) {
    scheduler.fail(id)
    parked.remove(id)
    guard let generation = generations.removeValue(forKey: id) else { return }
    inbox.note(endedRequests: 1) { metrics in
      metrics.failedRequests += 1
      metrics.note(generation)
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
  }
}

/// What one of the backend's workers chooses tokens in.
private final class WorkerSpace {
  var workspace = Workspace()
}
