internal import Synchronization

/// Where a worker thread runs, so that nobody waits long for one that lost its core with a tile in hand.
///
/// A foreign process may keep a core for milliseconds, in which many jobs could be done. The thread that waits for all
/// has a core to give: it moves such a worker there and steps back. The worker finishes its tile, and keeps off that
/// core from then on, until it sleeps. Linux only; elsewhere nothing is known of other threads, and everyone waits.
@safe struct Seat: ~Copyable {
  private let thread = Atomic<UInt>(0)
  private let hasTile = Atomic<Bool>(false)
  /// Whether the worker may run on some CPUs only.
  private let isBound = Atomic<Bool>(false)
  /// At the last look; only the thread that waits for all reads and writes it.
  private var runTime: Int64 = -1

  /// Called by the worker at its start; not by one that stays on a CPU of its own.
  func take() { thread.store(Kernels.enterThread(), ordering: .relaxed) }

  /// Whether the worker has tiles that do not count as done yet; it says so itself.
  func hold(_ isHolding: Bool) { hasTile.store(isHolding, ordering: .relaxed) }

  /// Moves the worker to the caller's core if it holds a tile and has not run since the last call; whether it did.
  mutating func rescue() -> Bool {
    let id = thread.load(ordering: .relaxed)
    guard id != 0, hasTile.load(ordering: .relaxed) else { return false }
    let before = runTime
    runTime = Kernels.runTime(of: id)
    guard runTime >= 0, runTime == before else { return false }
    isBound.store(true, ordering: .sequentiallyConsistent)
    return Kernels.move(id, to: Kernels.thisCPU)
  }

  /// Called by the worker between jobs: it leaves `cpu`, which is the core of the thread that waits for all.
  func keepOff(_ cpu: Int32) {
    guard cpu >= 0, cpu == Kernels.thisCPU, thread.load(ordering: .relaxed) != 0 else { return }
    isBound.store(true, ordering: .relaxed)
    Kernels.keepOff(cpu)
  }

  /// Called by the worker before it sleeps: any core will do when it wakes.
  func release() {
    if isBound.exchange(false, ordering: .sequentiallyConsistent) { Kernels.keepOff(-1) }
  }
}
