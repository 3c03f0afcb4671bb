package import ApusCPU
package import ApusCore
package import ApusModels
internal import Foundation

/// What this machine can do at most with a number of threads, as measured by loops that do nothing else.
///
/// The best run counts: whoever else uses the machine can only make a limit look lower.
package struct MachineLimits: Sendable {
  /// One instruction path, in operations per second.
  package struct Path: Sendable {
    package let loop: ArithmeticLoop
    package let runs: Samples

    package var operationsPerSecond: Double { runs.maximum }
  }

  package let threads: Int
  /// Sequential reading of memory, in bytes per second.
  package let readRuns: Samples
  /// Bytes that were read from end to end.
  package let readByteCount: Int
  package let paths: [Path]

  package var bytesPerSecond: Double { readRuns.maximum }

  /// The fastest path of a kind, in operations per second; nil where no loop is known for this machine.
  package func peak(_ kind: ArithmeticLoop.Kind) -> Path? {
    paths.filter { $0.loop.kind == kind }.max {
      $0.operationsPerSecond < $1.operationsPerSecond
    }
  }

  /// The least time in which `work` could be done, and what it would wait for; nil where a limit is not known.
  package func leastTime(for work: ModelWork.Step) -> (seconds: Double, bound: Bound)? {
    guard let int8 = peak(.int8), let float = peak(.float32) else { return nil }
    let reading = Double(work.byteCount) / bytesPerSecond
    let arithmetic =
      Double(work.quantizedOperations) / int8.operationsPerSecond
      + Double(work.denseOperations) / float.operationsPerSecond
    return reading > arithmetic ? (reading, .memory) : (arithmetic, .arithmetic)
  }

  /// What a computation waits for, were it perfect.
  package enum Bound: String, Sendable { case memory, arithmetic }
}

/// How limits are measured.
package struct LimitsProbe: Sendable {
  /// Runs of each loop.
  package var repetitions = 7
  /// How long one run of an arithmetic loop takes, roughly.
  package var duration = Duration.milliseconds(10)
  /// Bytes to read: well over the last cache, which may be shared, and a small part of what is free.
  package var readByteCount: Int

  package init(_ machine: Machine) {
    let wanted = min(max(256 << 20, 4 * (machine.lastCacheByteCount ?? 64 << 20)), 1 << 30)
    readByteCount = min(wanted, machine.freeByteCount / 4)
  }

  /// Measures with `threads` threads.
  package func measure(threads: Int) throws(BackendError) -> MachineLimits {
    let pool = try ThreadPool(starting: threads)
    let reader = try MemoryReader(byteCount: readByteCount, on: pool)
    let reading = samples { reader.read(on: pool) }.map { Double(reader.byteCount) / $0 }
    let paths = ArithmeticLoop.supported.map { loop in
      MachineLimits.Path(loop: loop, runs: measure(loop, on: pool))
    }
    return MachineLimits(
      threads: pool.threadCount, readRuns: Samples(reading), readByteCount: reader.byteCount, paths: paths)
  }

  private func measure(_ loop: ArithmeticLoop, on pool: ThreadPool) -> Samples {
    // Many parts for each thread, so that one that starts late takes fewer.
    let parts = 16 * pool.threadCount
    let rounds = rounds(of: loop, on: pool)
    let operations = Double(loop.operations * rounds * parts)
    return Samples(samples { loop.run(rounds: rounds, parts: parts, on: pool) }.map { operations / $0 })
  }

  /// Rounds of one part, so that all of a thread's parts take `duration`.
  private func rounds(of loop: ArithmeticLoop, on pool: ThreadPool) -> Int {
    var rounds = 1_000
    while rounds < 1 << 40 {
      let elapsed = ContinuousClock().measure { loop.run(rounds: rounds, parts: 1, on: pool) }
      if elapsed * 16 >= duration { break }
      rounds *= 2
    }
    return rounds
  }

  /// The seconds that each run of `body` takes, after one that does not count.
  ///
  /// Threads sleep before each: a scheduler may leave two that never do on one core, but wakes one on an idle core.
  private func samples(_ body: () -> Void) -> [Double] {
    body()
    return (0..<max(1, repetitions)).map { _ in
      Thread.sleep(forTimeInterval: 0.002)
      return ContinuousClock().measure(body).inSeconds
    }
  }
}
