internal import ApusCPU
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

  @Test("Pools start and stop without leaving threads behind")
  func startsAndStops() {
    for _ in 0..<50 {
      let pool = ThreadPool(threadCount: 4)
      pool.run(tiles: 8) { _, _ in }
    }
  }
}
