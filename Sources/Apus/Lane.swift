internal import ApusCore
internal import ApusModels
internal import ApusSampling

/// One engine's work: takes commands, asks the scheduler for a step, computes it, hands out the tokens.
///
/// Belongs to the thread that computes, which also has other engines' lanes.
struct Lane {
  let id: Int
  let model: LanguageModel
  let cache: KVCache
  let inbox: EngineInbox
  let watch: FileWatch?
  var scheduler: Scheduler
  var costs = StepCosts()
  var generations: [Int: Generation] = [:]
  let readerStall: Duration?
  /// When parked sequences end that nobody reads, and when any end because of their deadline.
  var stalls = Expiries(), deadlines = Expiries()
  /// Room for the logits of a step, and the vectors of the last one.
  var logits: [Float] = [], vectors: [Float] = []
  let workspaces: [WorkerSpace]
  var proposers: Proposers
  /// The model's memory, which the lane holds and gives back at its end.
  private let reservation: MemoryReservation?

  init(id: Int, _ new: NewLane) {
    self.id = id
    reservation = new.model.reservation
    let configuration = new.configuration
    proposers = Proposers(new.draft, configuration.now)
    readerStall = configuration.readerStall
    model = new.model.model
    watch = new.model.watch
    workspaces = (0..<model.backend.workers.threadCount).map { _ in WorkerSpace() }
    (cache, inbox) = (new.cache, new.inbox)
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
    case .visit(let visit): visit.pay(&self)
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
      budget: model.maxBatchRows, promptRows: costs.promptRows(besides: scheduler.decodingCount)
    ) { proposers.propose($0, generations, costs) }
  }
}
