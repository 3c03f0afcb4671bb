internal import Dispatch
internal import Synchronization

/// What callers ask of an engine's lane, and what the lane tells them: all that the two share.
final class EngineInbox: Sendable {
  /// A wish that the lane fulfils between two steps.
  enum Command: Sendable {
    case submit(Generation)
    case cancel(Int)
    case cancelAll
    case resume(Int)
    case visit(LaneVisit)
  }

  private struct State {
    var commands: [Command] = []
    /// Requests taken and not ended.
    var requests = 0
    var running = 0
    var isDraining = false
    var isStopping = false
    var isSleeping = false
    var lastStep: ContinuousClock.Instant
    var metrics = EngineMetrics()
    var observer: EngineObserver?
    var drainWaiters: [CheckedContinuation<Void, Never>] = []

    var isIdle: Bool { requests == 0 }
  }

  private let state: Mutex<State>
  private let nextID = Atomic(0)
  /// Wakes the thread that computes.
  private let bell: Bell
  private let end = DispatchSemaphore(value: 0)
  private let capacity: Int
  private let queueLimit: Int
  let now: @Sendable () -> ContinuousClock.Instant

  init(_ configuration: EngineConfiguration, _ bell: Bell) {
    self.bell = bell
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
    if let refusal {
      note()
      throw refusal
    }
    bell.ring()
  }

  func cancel(_ id: Int) { post(.cancel(id)) }

  func resume(_ id: Int) { post(.resume(id)) }

  /// Takes no more work, and cancels all that was taken.
  func cancelAll() {
    state.withLock { state in
      state.isDraining = true
      state.commands.append(.cancelAll)
    }
    bell.ring()
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

  /// Makes the lane end after the step it is in.
  func stop() {
    state.withLock { state in
      state.isDraining = true
      state.isStopping = true
    }
    bell.ring()
  }

  /// Lets `observer` follow what the lane does from here on, instead of an earlier one.
  func observe(_ observer: @escaping EngineObserver) { state.withLock { $0.observer = observer } }

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

  func post(_ command: Command) {
    state.withLock { $0.commands.append(command) }
    bell.ring()
  }

  /// Returns when the lane is gone, with all that it held; may be called once.
  func waitForEnd() { end.wait() }

  // MARK: The lane's side

  /// The commands since the last call; nil when the lane must end.
  ///
  /// `isIdle` says that nothing is to do without a command, and `running` how many sequences are worked on.
  func next(isIdle: Bool, running: Int) -> [Command]? {
    let time = now()
    return state.withLock { state in
      state.lastStep = time
      state.running = running
      state.isSleeping = isIdle && state.commands.isEmpty && !state.isStopping
      defer { state.commands = [] }
      return state.isStopping ? nil : state.commands
    }
  }

  /// Notes that the lane is gone.
  func noteEnd() { end.signal() }

  /// Notes that the engine moves, where a step takes long.
  func noteProgress() {
    let time = now()
    state.withLock { $0.lastStep = time }
  }

  /// Notes that so many sequences are worked on.
  func note(running: Int) { state.withLock { $0.running = running } }

  /// Notes that so many requests have ended, the step that was made, and what else was done.
  func note(endedRequests: Int = 0, step: EngineStep? = nil, _ change: (inout EngineMetrics) -> Void = { _ in }) {
    let (waiters, observer, metrics) = state.withLock { state in
      state.requests -= endedRequests
      state.metrics.revision += 1
      change(&state.metrics)
      state.running = state.metrics.runningRequests
      let waiters = state.isIdle ? state.drainWaiters : []
      if state.isIdle { state.drainWaiters = [] }
      return (waiters, state.observer, state.metrics)
    }
    observer?(metrics, step)
    for waiter in waiters { waiter.resume() }
  }
}
