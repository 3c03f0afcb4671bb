package import ApusCore
private import ApusSystem
internal import Synchronization

/// `Workers` that stay awake for a while after a job.
///
/// Every thread has a share of neighbouring tiles and takes them in rising order, so that it reads memory in order and
/// what it prefetches is its own; then it takes tiles from the ends of others' shares. So a thread that loses its core
/// does fewer, and nobody waits for a thread that holds no tile, nor long for one that does (see `Seat`). Idle threads
/// fetch what `fetch` named and spin for some microseconds, because the next job usually comes at once, and then sleep.
/// `run` is called from one thread at a time; that thread works too.
@safe package final class ThreadPool: Workers, @unchecked Sendable {
  // Sendable: everything mutable is inside `Shared`, which says how it is guarded.
  package let threadCount: Int
  package let pinsThreads: Bool
  private let shared: Shared
  private var threads: [DedicatedThread] = []

  /// Starts `threadCount - 1` threads; the caller of `run` is the last one.
  ///
  /// `pinsThreads` keeps each started thread on a CPU of its own, as far as they go, and leaves the first CPU to the
  /// caller, whom the system may move.
  package init(threadCount: Int, pinsThreads: Bool = false) {
    self.threadCount = max(1, threadCount)
    self.pinsThreads = pinsThreads
    shared = Shared(threadCount: max(1, threadCount))
    for worker in 1..<max(1, threadCount) { startWorker(worker, isPinned: pinsThreads) }
  }

  /// Ends the threads; each is waited for when it is let go.
  deinit { shared.stop() }

  /// Bytes of a worker's stack.
  ///
  /// The system's usual 8 MiB are address space for each core. The deepest that runs here is the choice of a token by a
  /// grammar, whose languages are nested 256 times at most.
  private static let stackByteCount = 2 << 20

  private func startWorker(_ index: Int, isPinned: Bool) {
    let thread = DedicatedThread(name: "apus-worker", stackByteCount: Self.stackByteCount) { [shared] in
      if isPinned {
        Kernels.pinThread(index)
      } else {
        unsafe shared.shares[index].seat.pointee.take()
      }
      shared.serve(as: index)
    }
    if let thread { threads.append(thread) }
  }

  /// The same; throws where the system does not start all threads.
  ///
  /// Those that it starts would do, but slower than was asked for.
  package convenience init(starting threadCount: Int, pinsThreads: Bool = false) throws(BackendError) {
    self.init(threadCount: threadCount, pinsThreads: pinsThreads)
    guard threads.count + 1 < self.threadCount else { return }
    throw .unsupported(
      "the system starts \(threads.count) more threads, but \(threadCount - 1) are wanted: compute with fewer threads, "
        + "or raise the limit on processes and threads")
  }

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

extension ThreadPool {
  /// Says what each thread will read first in the job after the next: threads fetch it while they wait for that job.
  package func fetch(_ heads: [UnsafeRawBufferPointer]) {
    for thread in unsafe 1..<max(1, min(threadCount, heads.count)) {
      unsafe shared.shares[thread].ahead.pointee.set(heads[thread])
    }
  }
}

/// A closure in memory; bare, Swift would wrap it once more to take its address.
private struct Job {
  let body: (_ tile: Int, _ worker: Int) -> Void
}

/// The tiles of one thread that nobody took yet, what it may fetch meanwhile, and where it runs, on cache lines of
/// their own.
@safe private struct Share {
  /// Bytes between two shares: two lines, for machines that fetch pairs of them.
  static let stride = 128

  /// Upper half: the first tile; lower half: the end.
  private let range: UnsafeMutablePointer<Atomic<UInt64>>

  let ahead: UnsafeMutablePointer<FetchAhead>
  let seat: UnsafeMutablePointer<Seat>

  /// An empty share.
  init(at address: UnsafeMutableRawPointer) {
    unsafe range = address.bindMemory(to: Atomic<UInt64>.self, capacity: 1)
    unsafe range.initialize(to: Atomic(0))
    let aheadOffset = MemoryLayout<Atomic<UInt64>>.stride
    unsafe ahead = (address + aheadOffset).bindMemory(to: FetchAhead.self, capacity: 1)
    unsafe ahead.initialize(to: FetchAhead())
    let seatOffset = aheadOffset + MemoryLayout<FetchAhead>.stride
    unsafe seat = (address + seatOffset).bindMemory(to: Seat.self, capacity: 1)
    unsafe seat.initialize(to: Seat())
  }

  var isEmpty: Bool { Self.count(unsafe range.pointee.load(ordering: .sequentiallyConsistent)) == 0 }

  func fill(_ tiles: Range<Int>) {
    let value = UInt64(UInt32(tiles.lowerBound)) << 32 | UInt64(UInt32(tiles.upperBound))
    unsafe range.pointee.store(value, ordering: .sequentiallyConsistent)
  }

  /// Takes the first tile, or the last: nil if there is none.
  func take(last: Bool) -> Int? {
    var seen = unsafe range.pointee.load(ordering: .acquiring)
    while Self.count(seen) > 0 {
      let rest = last ? seen - 1 : seen + 1 << 32
      let (taken, now) = unsafe range.pointee.weakCompareExchange(
        expected: seen, desired: rest, successOrdering: .acquiring, failureOrdering: .acquiring)
      if taken { return last ? Int(rest & 0xffff_ffff) : Int(seen >> 32) }
      seen = now
    }
    return nil
  }

  private static func count(_ range: UInt64) -> UInt64 { (range & 0xffff_ffff) - range >> 32 }
}

/// The job in progress and those who wait for the next.
// Sendable: `job` is written before the shares are filled and read only by a thread that took a tile of one, while
// `run` still waits for this tile; the rest is constant, atomic, or under the mutex.
@safe private final class Shared: @unchecked Sendable {
  /// Spins before sleeping: some 50 to 100 microseconds.
  static let spins = 2_000
  /// Spins after which one who waits looks where the others are: some 10 microseconds.
  static let spinsPerLook = 256

  /// Bare memory: an array would be retained and released by all threads, who would take its cache line in turn.
  let shares: UnsafeMutableBufferPointer<Share>
  let shareMemory: UnsafeMutableRawPointer
  let finished = Atomic<Int>(0)
  let sleepers = Atomic<Int>(0)
  let stopping = Atomic<Bool>(false)
  /// Where `run` was called last.
  let callerCPU = Atomic<Int32>(-1)
  var job: UnsafePointer<Job>?
  let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(threadCount: Int) {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: threadCount * Share.stride, alignment: Share.stride)
    unsafe shareMemory = unsafe memory
    unsafe shares = .allocate(capacity: threadCount)
    for thread in 0..<threadCount {
      unsafe shares.initializeElement(at: thread, to: Share(at: memory + thread * Share.stride))
    }
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
    unsafe shares.deallocate()
    unsafe shareMemory.deallocate()
  }

  func publish(_ job: UnsafePointer<Job>, tiles: Int) {
    unsafe self.job = job
    finished.store(0, ordering: .relaxed)
    callerCPU.store(Kernels.thisCPU, ordering: .relaxed)
    let count = unsafe shares.count
    for thread in 0..<count {
      unsafe shares[thread].fill(tiles * thread / count..<tiles * (thread + 1) / count)
    }
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
  }

  /// Does tiles until none is left, then counts them: `run` waits for all, so no other job comes in between.
  func work(as worker: Int) {
    let done = doTiles(as: worker)
    guard done > 0 else { return }
    finished.add(done, ordering: .releasing)
    unsafe shares[worker].seat.pointee.hold(false)
  }

  /// The job's closure is fetched once and let go before its tiles count as done.
  @inline(never)
  private func doTiles(as worker: Int) -> Int {
    guard var tile = takeTile(as: worker), let job = unsafe job else { return 0 }
    unsafe shares[worker].seat.pointee.hold(true)
    let body = unsafe job.pointee.body
    var done = 0
    while true {
      body(tile, worker)
      done += 1
      guard let next = takeTile(as: worker) else { return done }
      tile = next
    }
  }

  /// The next tile of the worker's own share, or the last one of another's.
  private func takeTile(as worker: Int) -> Int? {
    let count = unsafe shares.count
    for step in 0..<count {
      if let tile = unsafe shares[(worker + step) % count].take(last: step > 0) { return tile }
    }
    return nil
  }

  func waitUntilDone(tiles: Int) {
    var waited = 0
    var isSharing = false
    while finished.load(ordering: .acquiring) < tiles {
      waited += 1
      if waited % Self.spinsPerLook == 0, rescueWorkers() { isSharing = true }
      if waited >= 2 * Self.spins {
        usleep(50)
      } else if isSharing || waited >= Self.spins {
        sched_yield()
      } else {
        Kernels.spinPause()
      }
    }
  }

  /// Whether one of them now needs the caller's core.
  private func rescueWorkers() -> Bool {
    var anyMoved = false
    for worker in unsafe 1..<shares.count {
      if unsafe shares[worker].seat.pointee.rescue() { anyMoved = true }
    }
    return anyMoved
  }

  /// A worker's life.
  func serve(as worker: Int) {
    var rest = FetchAhead.Rest()
    let seat = unsafe shares[worker].seat
    while !stopping.load(ordering: .acquiring) {
      work(as: worker)
      unsafe seat.pointee.keepOff(callerCPU.load(ordering: .relaxed))
      var spins = 0
      while spins < Self.spins, !hasWork {
        if unsafe shares[worker].ahead.pointee.fetchSome(&rest) { continue }
        Kernels.spinPause()
        spins += 1
      }
      guard !hasWork else { continue }
      unsafe seat.pointee.release()
      sleep()
    }
  }

  private var hasWork: Bool {
    unsafe shares.contains { !$0.isEmpty } || stopping.load(ordering: .acquiring)
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
