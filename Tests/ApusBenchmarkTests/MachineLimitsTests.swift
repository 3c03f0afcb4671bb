internal import ApusBenchmark
internal import ApusCPU
internal import ApusModels
internal import Testing

@Suite struct `The machine's limits` {
  private func measured(threads: Int = 2) throws -> MachineLimits {
    var probe = LimitsProbe(Machine.current())
    (probe.repetitions, probe.duration, probe.readByteCount) = (3, .microseconds(100), 4 << 20)
    return try probe.measure(threads: threads)
  }

  @Test(arguments: [1, 3])
  func `are measured for all that this machine has`(threads: Int) throws {
    let limits = try measured(threads: threads)
    #expect(limits.threads == threads)
    #expect(limits.readRuns.values.count == 3 && limits.readRuns.minimum > 0)
    #expect((3 << 20...5 << 20).contains(limits.readByteCount))
    #expect(limits.bytesPerSecond == limits.readRuns.maximum)
    #expect(limits.paths.map(\.loop) == ArithmeticLoop.supported)
    #expect(limits.paths.allSatisfy { $0.runs.minimum > 0 })
  }

  @Test func `give the least time of some work, and what it would wait for`() throws {
    let limits = try measured()
    guard let int8 = limits.peak(.int8), let float = limits.peak(.float32) else { return }
    var work = ModelWork.Step()
    work.weightByteCount = 1_000_000
    work.kvByteCount = 500_000
    let reading = try #require(limits.leastTime(for: work))
    #expect(reading.bound == .memory && reading.seconds == 1_500_000 / limits.bytesPerSecond)
    work.quantizedOperations = 1 << 50
    work.denseOperations = 1 << 40
    let arithmetic = try #require(limits.leastTime(for: work))
    let expected =
      Double(1 << 50) / int8.operationsPerSecond + Double(1 << 40) / float.operationsPerSecond
    #expect(arithmetic.bound == .arithmetic && arithmetic.seconds == expected)
  }

  @Test func `read more than the cache holds, and no more than a quarter of what is free`() {
    var machine = Machine.current()
    (machine.memoryByteCount, machine.availableByteCount, machine.memoryLimit) = (64 << 30, 32 << 30, nil)
    machine.lastCacheByteCount = 96 << 20
    #expect(LimitsProbe(machine).readByteCount == 384 << 20)
    machine.availableByteCount = 400 << 20
    #expect(LimitsProbe(machine).readByteCount == 100 << 20)
    (machine.availableByteCount, machine.lastCacheByteCount) = (64 << 30, 2 << 30)
    #expect(LimitsProbe(machine).readByteCount == 1 << 30)
  }

  @Test func `a loop counts a multiplication and its addition as two`() {
    for loop in ArithmeticLoop.supported {
      #expect(loop.operations > 0 && loop.operations.isMultiple(of: 2 * 12), "\(loop.name)")
    }
  }
}
