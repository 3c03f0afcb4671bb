internal import ApusCPU
internal import Foundation
internal import Synchronization
internal import Testing

struct ThreadPoolTests {
  @Test("Every tile runs once, whatever the number of threads", arguments: [1, 2, 3, 8], [false, true])
  func everyTileOnce(threads: Int, pinsThreads: Bool) {
    let pool = ThreadPool(threadCount: threads, pinsThreads: pinsThreads)
    let total = Atomic<Int>(0)
    for tiles in [0, 1, 2, 3, 17, 1000] {
      for _ in 0..<50 {
        total.store(0, ordering: .relaxed)
        pool.run(tiles: tiles) { tile, worker in
          #expect((0..<threads).contains(worker))
          total.add(tile + 1, ordering: .relaxed)
        }
        #expect(total.load(ordering: .relaxed) == tiles * (tiles + 1) / 2)
      }
    }
  }

  @Test("Workers that went to sleep wake for the next job")
  func wakesSleepers() async throws {
    let pool = ThreadPool(threadCount: 3)
    for _ in 0..<5 {
      try await Task.sleep(for: .milliseconds(20))
      let total = Atomic<Int>(0)
      pool.run(tiles: 100) { _, _ in total.add(1, ordering: .relaxed) }
      #expect(total.load(ordering: .relaxed) == 100)
    }
  }

  @Test("Foreign threads on every CPU lose no tile")
  func sharedMachine() {
    let isOver = Atomic<Bool>(false)
    let foreignCount = ProcessInfo.processInfo.activeProcessorCount + 1
    let foreign = ThreadPool(threadCount: foreignCount)
    let rounds = Thread {
      foreign.run(tiles: foreignCount) { _, _ in while !isOver.load(ordering: .relaxed) {} }
    }
    rounds.start()
    let pool = ThreadPool(threadCount: 3)
    let sum = Atomic<Int>(0)
    for _ in 0..<300 {
      pool.run(tiles: 12) { _, _ in
        for step in 0..<20_000 { sum.add(step & 1, ordering: .relaxed) }
      }
    }
    isOver.store(true, ordering: .relaxed)
    #expect(sum.load(ordering: .relaxed) == 300 * 12 * 10_000)
  }

  @Test("Hints of what a thread will read are harmless, whatever they name")
  func hints() async throws {
    let pool = ThreadPool(threadCount: 3)
    let total = Atomic<Int>(0)
    for address: UInt in [0, 1, 64, 1 << 40, .max - 100] {
      let start = unsafe UnsafeRawPointer(bitPattern: address)
      let head = unsafe UnsafeRawBufferPointer(start: start, count: address > 0 ? 99 : 0)
      unsafe pool.fetch([UnsafeRawBufferPointer](repeating: head, count: 3))
      pool.run(tiles: 10) { _, _ in total.add(1, ordering: .relaxed) }
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(total.load(ordering: .relaxed) == 50)
  }

  @Test("Pools start and stop without leaving threads behind")
  func startsAndStops() {
    for _ in 0..<50 {
      let pool = ThreadPool(threadCount: 4)
      pool.run(tiles: 8) { _, _ in }
    }
  }
}
