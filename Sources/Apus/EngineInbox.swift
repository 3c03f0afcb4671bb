internal import Dispatch
internal import Synchronization

/// What callers ask of the engine's thread, and what that thread tells them: all that the two share.
final class EngineInbox: Sendable {
  /// A wish that the engine's thread fulfils between two steps.
  enum Command: Sendable {
    case submit(Generation)
    case cancel(Int)
    case cancelAll
    case resume(Int)
    case runExclusively(ExclusiveJob)
    case compareFile(FileComparison)
  }

  private struct State {
    var commands: [Command] = []
    /// Requests taken and not ended.
    var requests = 0
    /// Exclusive jobs taken and not ended.
    var jobs = 0
    var running = 0
    var isDraining = false
    var isStopping = false
    var isSleeping = false
    var lastStep: ContinuousClock.Instant
    var metrics = EngineMetrics()
    var drainWaiters: [CheckedContinuation<Void, Never>] = []

    var isIdle: Bool { requests == 0 && jobs == 0 }
  }

  private let state: Mutex<State>
  private let wake = DispatchSemaphore(value: 0)
  private let nextID = Atomic(0)
  private let capacity: Int
  private let queueLimit: Int
  let now: @Sendable () -> ContinuousClock.Instant

  init(_ configuration: EngineConfiguration) {
    now = configuration.now
    queueLimit = configuration.queueLimit
    capacity = configuration.queueLimit + configuration.maximumSequences
    state = Mutex(State(lastStep: configuration.now()))
  }

  // MARK: The callers' side

  /// A number that no other request has.
  func makeID() -> Int { nextID.add(1, ordering: .relaxed).oldValue }

  /// Takes a request, or throws at once.
  func submit(_ generation: Generation) throws(ApusError) {
    let time = now()
    let refusal = state.withLock { state -> ApusError? in
      if state.isDraining { return .shuttingDown }
      guard state.requests < capacity else {
        state.metrics.refusedRequests += 1
        return .queueFull(limit: queueLimit)
      }
      if state.isIdle { state.lastStep = time }
      state.commands.append(.submit(generation))
      state.requests += 1
      return nil
    }
    if let refusal { throw refusal }
    wake.signal()
  }

  /// Takes an exclusive job; false if the engine takes no more work.
  func submit(_ job: ExclusiveJob) -> Bool {
    let isTaken = state.withLock { state in
      guard !state.isDraining else { return false }
      state.commands.append(.runExclusively(job))
      state.jobs += 1
      return true
    }
    if isTaken { wake.signal() }
    return isTaken
  }

  func cancel(_ id: Int) { post(.cancel(id)) }

  func resume(_ id: Int) { post(.resume(id)) }

  /// Returns when the engine's thread has compared the model's file, or has ended.
  func compareFile() async {
    await withCheckedContinuation { post(.compareFile(FileComparison($0))) }
  }

  /// Takes no more work, and cancels all that was taken.
  func cancelAll() {
    state.withLock { state in
      state.isDraining = true
      state.commands.append(.cancelAll)
    }
    wake.signal()
  }

  /// Takes no more work, and returns when what was taken has ended.
  func drain() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        state.isDraining = true
        if !state.isIdle { state.drainWaiters.append(continuation) }
        return state.isIdle
      }
      if isDone { continuation.resume() }
    }
  }

  /// Makes the engine's thread end after the step it is in.
  func stop() {
    state.withLock { state in
      state.isDraining = true
      state.isStopping = true
    }
    wake.signal()
  }

  var metrics: EngineMetrics { state.withLock { $0.metrics } }

  var health: EngineHealth {
    let time = now()
    return state.withLock { state in
      EngineHealth(
        running: state.running, queued: max(0, state.requests - state.running),
        sinceLastStep: max(.zero, state.lastStep.duration(to: time)),
        isWaiting: state.isSleeping && state.commands.isEmpty, isDraining: state.isDraining)
    }
  }

  private func post(_ command: Command) {
    state.withLock { $0.commands.append(command) }
    wake.signal()
  }

  // MARK: The engine thread's side

  /// The commands since the last call, waiting for some if `mayWait`, but not after `deadline`; nil when the thread must
  /// end.
  ///
  /// `running` is how many sequences are worked on.
  func next(mayWait: Bool, until deadline: ContinuousClock.Instant?, running: Int) -> [Command]? {
    while true {
      let time = now()
      let (commands, isStopping) = state.withLock { state -> ([Command], Bool) in
        state.lastStep = time
        state.running = running
        defer { state.commands = [] }
        state.isSleeping = mayWait && state.commands.isEmpty && !state.isStopping
        return (state.commands, state.isStopping)
      }
      if isStopping { return nil }
      if !mayWait || !commands.isEmpty { return commands }
      guard let deadline else {
        wake.wait()
        continue
      }
      guard time < deadline else { return [] }
      _ = wake.wait(timeout: .now() + time.duration(to: deadline) / .seconds(1))
    }
  }

  /// Notes that the engine moves, where a step takes long.
  func noteProgress() {
    let time = now()
    state.withLock { $0.lastStep = time }
  }

  /// Notes that so many sequences are worked on.
  func note(running: Int) { state.withLock { $0.running = running } }

  /// Notes that so many requests or jobs have ended, and what else was done.
  func note(endedRequests: Int = 0, endedJobs: Int = 0, _ change: (inout EngineMetrics) -> Void = { _ in }) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.requests -= endedRequests
      state.jobs -= endedJobs
      change(&state.metrics)
      guard state.isIdle else { return [] }
      defer { state.drainWaiters = [] }
      return state.drainWaiters
    }
    for waiter in waiters { waiter.resume() }
  }
}
