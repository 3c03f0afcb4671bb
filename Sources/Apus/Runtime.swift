internal import ApusCPU
internal import ApusCore
internal import Synchronization

/// Where models compute: threads that several models share.
///
/// Models that were loaded with the same runtime take turns, a step each, so that each gets as much time as the others
/// while all have work. One thread computes for all of them, with others that help it, as many as
/// `LoadOptions.threads` says; they sleep while there is nothing to do, and end with the last model.
///
/// `shared` is right for nearly all programs. A runtime of its own is for a model that must not wait for others: both
/// then compete for the same cores.
public final class Runtime: Sendable {
  /// The one that models take unless `LoadOptions.runtime` says otherwise.
  public static let shared = Runtime()

  private struct State {
    weak var thread: ComputeThread?
    var pools: [KnownPool] = []
  }

  /// A pool that lives as long as a model uses it.
  private struct KnownPool {
    weak var pool: ThreadPool?
  }

  private let state = Mutex(State())
  /// Where its models reserve their memory.
  package let memory: MemoryAccount

  /// A runtime without threads, which come with its first model.
  public init() { memory = .process }

  /// The same, with an account of memory of its own.
  package init(memory: MemoryAccount) { self.memory = memory }

  /// The thread that computes; starts it where no lane is open.
  func computeThread() throws(ApusError) -> ComputeThread {
    try state.withLock { state throws(ApusError) in
      if let thread = state.thread { return thread }
      let thread = try ComputeThread()
      state.thread = thread
      return thread
    }
  }

  /// Threads to help the one that computes, the same for all backends with the same number and pinning of threads.
  ///
  /// Other numbers get a pool of their own: its idle threads sleep after microseconds, and a pool of which only a part
  /// works would cost the others a check for every job.
  func pool(for options: CPUBackend.Options) throws(BackendError) -> ThreadPool {
    try state.withLock { state throws(BackendError) in
      state.pools.removeAll { $0.pool == nil }
      let known = state.pools.lazy.compactMap(\.pool).first {
        $0.threadCount == options.threads && $0.pinsThreads == options.pinsThreads
      }
      if let known { return known }
      let pool = try ThreadPool(starting: options.threads, pinsThreads: options.pinsThreads)
      state.pools.append(KnownPool(pool: pool))
      return pool
    }
  }
}

extension Runtime: Equatable {
  /// Whether both are the same one.
  public static func == (one: Runtime, other: Runtime) -> Bool { one === other }
}
