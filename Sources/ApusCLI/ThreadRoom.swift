internal import ApusCPU
internal import ApusCore
internal import Dispatch

/// Whether the system gives this process the threads that asynchronous commands need.
///
/// Swift's runtime waits for ever, without a word, where it gets none, and the server's ends the process: so they are
/// asked for at once, before either does.
enum ThreadRoom {
  /// Throws where `count` threads cannot be started beside this one.
  static func check(for count: Int) throws(Failure) {
    let gate = DispatchSemaphore(value: 0)
    var threads: [DedicatedThread] = []
    while threads.count < count,
      let thread = DedicatedThread(name: "apus-room", stackByteCount: stackByteCount, { gate.wait() })
    {
      threads.append(thread)
    }
    for _ in threads { gate.signal() }
    guard threads.count < count else { return }
    throw Failure(
      "the system gives this process \(threads.count) more threads and it needs \(count): raise the limit on processes "
        + "and threads (ulimit -u, or pids.max of the control group) or on address space (ulimit -v)")
  }

  /// As the runtime's threads have it.
  private static let stackByteCount = 8 << 20
  /// Threads of Swift's runtime, of loading, and of the engine.
  private static let runtime = 5

  /// Threads of a command that answers once or chats, those that compute included.
  static func needs(computing: Int?) -> Int { runtime + (computing ?? Machine.current().threadCount) }

  /// The same, with the server's: for every CPU a thread for connections and one for files and names, two that turn
  /// requests into prompts, and one for the log.
  static func needs(serving computing: Int?) -> Int {
    needs(computing: computing) + 2 * Machine.current().affinityCount + 3
  }
}
