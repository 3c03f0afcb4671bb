internal import ApusCore
internal import ApusReference
internal import Testing

/// State slots that do not fit end the process before a backend sees them, each test in a process of its own.
struct CheckedStatesTests {
  @Test("A state slot beyond the pool") func beyond() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { try convolve([.init(end: 2)], slots: 2) }
  }

  @Test("A step without states") func missing() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { try convolve([], slots: 2) }
  }

  @Test("A state of another size") func size() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { try convolve([.init(end: 0)], slots: 1, taps: 4) }
  }

  @Test("States of fewer sequences than there are") func count() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { begin([(0, 0)], tables: 2, [.init(end: 0)]) }
  }

  @Test("A slot that two sequences end in") func twice() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      begin([(0, 0), (1, 0)], [.init(end: 0), .init(end: 0)])
    }
  }

  @Test("A snapshot into the slot that its sequence ends in") func snapshotTwice() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      begin([(0, 0)], [.init(end: 0, snapshots: [.init(row: 0, slot: 0)])])
    }
  }

  @Test("A snapshot into the slot that its sequence starts from") func snapshotOfStart() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      begin([(0, 1)], [.init(start: 0, end: 1, snapshots: [.init(row: 0, slot: 0)])])
    }
  }

  @Test("A snapshot behind a row of another sequence") func snapshotOfOther() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      begin([(0, 0), (1, 0)], [.init(end: 0, snapshots: [.init(row: 1, slot: 2)]), .init(end: 1)])
    }
  }

  @Test("A slot that two sequences start from and one ends in") func shared() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      begin([(0, 1), (1, 1)], [.init(start: 0, end: 0), .init(start: 0, end: 1)])
    }
  }

  @Test("A slot that one sequence starts from and another ends in") func crossed() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) {
      begin([(0, 1), (1, 1)], [.init(start: 0, end: 1), .init(start: 1, end: 0)])
    }
  }

  @Test("A sequence that begins with a slot, or goes on without one", arguments: [(0, Int32(0)), (1, nil)])
  func starts(_ position: Int, slot: Int32?) async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { [position, slot] in
      begin([(0, position)], [.init(start: slot, end: 1)])
    }
  }

  @Test("Positions with a gap between them") func gap() async {
    await #expect(processExitsWith: CheckedFrontTests.trap) { begin([(0, 0), (0, 2)], [.init(end: 0)]) }
  }

  @Test("Sequences without rows may name any slot") func idle() {
    begin([(0, 1), (2, 1)], [.init(start: 0, end: 0), .init(start: 0, end: 0), .init(start: 3, end: 1)])
  }
}

/// Begins a step of these rows.
private func begin(_ rows: [(sequence: Int, position: Int)], tables: Int? = nil, _ states: [SequenceStates]) {
  ReferenceBackend().begin(
    AttentionBatch(
      positions: rows.map { Int32($0.position) }, sequences: rows.map { Int32($0.sequence) },
      blockTables: Array(repeating: [0], count: tables ?? states.count), states: states))
}

/// Convolves one row with a state of two inputs of four channels.
private func convolve(_ states: [SequenceStates], slots: Int, taps: Int = 3) throws {
  let bench = try Bench(ReferenceBackend(), seed: 1)
  let (x, y) = (try bench.buffer(rows: 1, columns: 4), try bench.buffer(rows: 1, columns: 4))
  let convolution = Convolution(taps: try bench.weight(rows: 4, columns: taps))
  let cache = try bench.backend.makeKVCache(
    KVCacheLayout(layers: [], format: .f16, blocks: 0, states: [8], stateSlots: slots))
  bench.backend.begin(AttentionBatch(positions: [0], sequences: [0], blockTables: [[0]], states: states))
  bench.backend.convolve(x, convolution, in: cache, state: 0, into: y)
}
