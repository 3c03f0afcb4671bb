internal import NIOPosix
internal import Synchronization

/// Turns requests into prompts, on a few threads of its own: no body or template, however large or hostile, keeps the
/// server from answering others, and whoever waits here holds no thread.
final class Preparation: Sendable {
  /// Tells a piece of work that nobody needs it any longer; asked from the thread that does it.
  typealias ShouldStop = @Sendable () -> Bool

  private struct State {
    var isClosed = false
    var jobs: [ObjectIdentifier: any StoppableJob] = [:]
  }

  private let threads = NIOThreadPool(numberOfThreads: 2)
  private let hardThread = NIOThreadPool(numberOfThreads: 1)
  private let limit: Duration
  private let waiting: Duration
  private let state = Mutex(State())

  /// Gives up each piece of work `limit` after it has begun, or when it has waited for a thread for `waiting`.
  init(limit: Duration, waiting: Duration) {
    self.limit = limit
    self.waiting = waiting
    for pool in [threads, hardThread] { pool.start() }
  }

  deinit { for pool in [threads, hardThread] { pool.shutdownGracefully { _ in } } }

  /// Stops what is under way or waits, and takes nothing more.
  func close() {
    let jobs = state.withLock { state in
      state.isClosed = true
      return Array(state.jobs.values)
    }
    for job in jobs { job.stop(.shuttingDown) }
  }

  /// Does `work` when a thread is free; where the client leaves first or the server ends, it returns at once.
  ///
  /// Throws what `work` throws, or why it was stopped. Work that was stopped keeps its thread until it notices. Work that
  /// `isHard` has a thread of its own, so that other work never waits for it.
  func run<Result: Sendable>(
    for client: ClientPresence?, isHard: Bool = false,
    _ work: @escaping @Sendable (@escaping ShouldStop) throws -> Result
  ) async throws -> Result {
    let job = PreparationJob<Result>()
    let isTaken = state.withLock { state in
      if !state.isClosed { state.jobs[ObjectIdentifier(job)] = job }
      return !state.isClosed
    }
    guard isTaken else { throw Refusal.shuttingDown }
    defer { state.withLock { _ = $0.jobs.removeValue(forKey: ObjectIdentifier(job)) } }
    let watch = client?.whenGone { job.stop($0.error ?? .clientLeft) }
    defer { withExtendedLifetime(watch) {} }
    let timer = job.giveUp(.queueTimeout, after: waiting)
    defer { timer.cancel() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        job.wait(continuation)
        (isHard ? hardThread : threads).submit { [limit] _ in
          timer.cancel()
          job.perform(within: limit, work)
        }
      }
    } onCancel: {
      job.stop(.shuttingDown)
    }
  }
}

/// Something that can be given up.
private protocol StoppableJob: AnyObject, Sendable {
  func stop(_ reason: Refusal)
}

/// One piece of work of `Preparation`: who waits for it, until when it may go on, and why it was stopped.
private final class PreparationJob<Result: Sendable>: StoppableJob {
  private struct State {
    var waiter: CheckedContinuation<Result, any Error>?
    var reason: Refusal?
  }

  private let state = Mutex(State())

  /// Resumes `waiter` with the result, or with the reason why there is none.
  func wait(_ waiter: CheckedContinuation<Result, any Error>) {
    let reason = state.withLock { state in
      if state.reason == nil { state.waiter = waiter }
      return state.reason
    }
    if let reason { waiter.resume(throwing: reason) }
  }

  func stop(_ reason: Refusal) {
    let waiter = state.withLock { state in
      state.reason = state.reason ?? reason
      return state.waiter.take()
    }
    waiter?.resume(throwing: reason)
  }

  /// Lets whoever waits go on with `reason` after some time, whatever the work does then.
  func giveUp(_ reason: Refusal, after time: Duration) -> Task<Void, any Error> {
    Task {
      try await pause(for: time)
      stop(reason)
    }
  }

  /// Does the work, unless it was stopped before; `limit` counts from here.
  func perform(within limit: Duration, _ work: (@escaping Preparation.ShouldStop) throws -> Result) {
    guard !isStopped else { return }
    let timer = giveUp(.preparationTimeout(limit), after: limit)
    defer { timer.cancel() }
    let deadline = ContinuousClock.now + limit
    let result = Swift.Result {
      try work { [self] in
        // Work that asks knows it at once; for other work there is the timer.
        if ContinuousClock.now > deadline { stop(.preparationTimeout(limit)) }
        return isStopped
      }
    }
    state.withLock { $0.waiter.take() }?.resume(with: result)
  }

  private var isStopped: Bool { state.withLock { $0.reason != nil } }
}
