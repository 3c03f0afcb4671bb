internal import Synchronization

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Threads that share the tiles of one job at a time.
///
/// Tiles are taken one by one, so a thread that loses its core takes fewer; nobody waits for a thread that holds no
/// tile. Idle threads spin for some microseconds, because the next job usually comes at once, and then sleep.
/// `run` is called from one thread at a time; that thread works too.
@safe package final class ThreadPool: @unchecked Sendable {
  // Sendable: everything mutable is inside `Shared`, which says how it is guarded.
  package let threadCount: Int
  private let shared: Shared
  private var threads: [pthread_t] = []

  /// Starts `threadCount - 1` threads; the caller of `run` is the last one.
  ///
  /// `pinsThreads` keeps each started thread on a CPU of its own, as far as they go, and leaves the first CPU to the
  /// caller, whom the system may move.
  package init(threadCount: Int, pinsThreads: Bool = false) {
    self.threadCount = max(1, threadCount)
    shared = Shared()
    for worker in 1..<max(1, threadCount) { startWorker(worker, isPinned: pinsThreads) }
  }

  deinit {
    shared.stop()
    for thread in threads { pthread_join(thread, nil) }
  }

  private func startWorker(_ index: Int, isPinned: Bool) {
    let start = unsafe Unmanaged.passRetained(WorkerStart(shared: shared, index: index, isPinned: isPinned))
    #if canImport(Darwin)
      var thread: pthread_t?
      let result = unsafe pthread_create(&thread, nil, { argument in enterWorker(argument) }, start.toOpaque())
      if result == 0, let thread = unsafe thread { unsafe threads.append(thread) } else { unsafe start.release() }
    #else
      var thread = pthread_t()
      let result = unsafe pthread_create(&thread, nil, { argument in unsafe enterWorker(argument) }, start.toOpaque())
      if result == 0 { threads.append(thread) } else { unsafe start.release() }
    #endif
  }

  /// Calls `body(tile, worker)` once for every tile in `0..<tiles`, on any thread, and returns when all are done.
  ///
  /// `worker` is below `threadCount` and belongs to one thread during the call.
  package func run(tiles: Int, _ body: (_ tile: Int, _ worker: Int) -> Void) {
    if threads.isEmpty || tiles < 2 {
      for tile in 0..<max(0, tiles) { body(tile, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      unsafe withUnsafePointer(to: Job(body: body)) { job in
        unsafe shared.publish(job, tiles: tiles)
        shared.work(as: 0)
        shared.waitUntilDone(tiles: tiles)
      }
    }
  }
}

/// What one worker thread gets.
private final class WorkerStart {
  let shared: Shared
  let index: Int
  let isPinned: Bool
  init(shared: Shared, index: Int, isPinned: Bool) {
    self.shared = shared
    self.index = index
    self.isPinned = isPinned
  }
}

private func enterWorker(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  let start = unsafe Unmanaged<WorkerStart>.fromOpaque(argument).takeRetainedValue()
  if start.isPinned { Kernels.pinThread(start.index) }
  start.shared.serve(as: start.index)
  return nil
}

/// A closure in memory; bare, Swift would wrap it once more to take its address.
private struct Job {
  let body: (_ tile: Int, _ worker: Int) -> Void
}

/// The job in progress and those who wait for the next.
// Sendable: `job` is written before `ticket` is published and read only by a thread that took a tile of that
// ticket, while `run` still waits for this tile; the rest is atomic or under the mutex.
@safe private final class Shared: @unchecked Sendable {
  /// Spins before sleeping: some 50 to 100 microseconds.
  static let spins = 2_000

  /// Upper half: number of the job; lower half: tiles not yet taken.
  let ticket = Atomic<UInt64>(0)
  let finished = Atomic<Int>(0)
  let sleepers = Atomic<Int>(0)
  let stopping = Atomic<Bool>(false)
  var job: UnsafePointer<Job>?
  let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  func publish(_ job: UnsafePointer<Job>, tiles: Int) {
    unsafe self.job = job
    finished.store(0, ordering: .relaxed)
    let number = ticket.load(ordering: .relaxed) >> 32
    ticket.store((number &+ 1) << 32 | UInt64(UInt32(tiles)), ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
  }

  /// Takes tiles until none is left, then counts them: `run` waits for all, so no other job comes in between.
  func work(as worker: Int) {
    var done = 0
    var seen = ticket.load(ordering: .acquiring)
    while seen & 0xffff_ffff != 0 {
      let (taken, now) = ticket.weakCompareExchange(
        expected: seen, desired: seen - 1, successOrdering: .acquiring, failureOrdering: .acquiring)
      guard taken else {
        seen = now
        continue
      }
      if let job = unsafe job { unsafe job.pointee.body(Int(seen & 0xffff_ffff) - 1, worker) }
      done += 1
      seen = ticket.load(ordering: .acquiring)
    }
    if done > 0 { finished.add(done, ordering: .releasing) }
  }

  func waitUntilDone(tiles: Int) {
    var waited = 0
    while finished.load(ordering: .acquiring) < tiles {
      waited += 1
      if waited < Self.spins {
        Kernels.spinPause()
      } else if waited < 2 * Self.spins {
        sched_yield()
      } else {
        usleep(50)
      }
    }
  }

  /// A worker's life.
  func serve(as worker: Int) {
    while !stopping.load(ordering: .acquiring) {
      work(as: worker)
      var spins = 0
      while spins < Self.spins, !hasWork {
        Kernels.spinPause()
        spins += 1
      }
      if !hasWork { sleep() }
    }
  }

  private var hasWork: Bool {
    ticket.load(ordering: .sequentiallyConsistent) & 0xffff_ffff != 0 || stopping.load(ordering: .acquiring)
  }

  private func sleep() {
    unsafe pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while !hasWork { unsafe pthread_cond_wait(condition, mutex) }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    unsafe pthread_mutex_unlock(mutex)
  }

  private func wakeAll() {
    unsafe pthread_mutex_lock(mutex)
    unsafe pthread_cond_broadcast(condition)
    unsafe pthread_mutex_unlock(mutex)
  }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    wakeAll()
  }
}
