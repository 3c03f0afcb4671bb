internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Causal convolutions and the states that they leave, against the reference and against themselves.
struct ConvolutionTests {
  /// Channels, taps, whether there is a bias, what is made of the sum.
  private static let shapes: [(channels: Int, taps: Int, hasBias: Bool, activation: Activation?)] = [
    (1, 1, false, nil), (5, 3, false, nil), (40, 4, true, .silu), (1_031, 2, false, .tanh), (33, 7, true, nil),
    (2_048, 3, false, nil),
  ]

  @Test("Rows of several sequences, new ones and such that go on", arguments: Subject.all)
  func sequences(_ subject: Subject) throws {
    for (channels, taps, hasBias, activation) in Self.shapes {
      try compare(subject, .ofPeak(2e-6), "\(taps) taps of \(channels) channels") { bench in
        let convolving = try Case(
          bench, channels: channels, taps: taps, hasBias: hasBias, activation: activation, slots: 5)
        // Three sequences whose rows alternate; one has no row at all.
        let first = try convolving.run(
          rows: [(0, 0), (2, 0), (0, 1), (3, 0), (2, 1), (0, 2)],
          [.init(end: 4), .init(end: 0), .init(end: 1), .init(end: nil)])
        let second = try convolving.run(
          rows: [(2, 2), (0, 3), (2, 3)],
          [.init(start: 4, end: 4), .init(end: 0), .init(start: 1, end: 2), .init(end: 0)])
        let third = try convolving.run(rows: [(0, 4), (1, 4)], [.init(start: 4, end: 0), .init(start: 2, end: 2)])
        return first + second + third
      }
    }
  }

  @Test("Many rows of one sequence", arguments: Subject.all)
  func prompt(_ subject: Subject) throws {
    try compare(subject, .ofPeak(2e-6), "a prompt") { bench in
      let convolving = try Case(bench, channels: 515, taps: 3, hasBias: true, activation: .silu, slots: 1)
      return try convolving.run(rows: (0..<77).map { (0, $0) }, [.init(end: 0)])
    }
  }

  @Test("Taps in other formats", arguments: Subject.all, [TensorFormat.f16, .bf16, .q8_0])
  func formats(_ subject: Subject, format: TensorFormat) throws {
    try compare(subject, .ofPeak(4e-6), format.name) { bench in
      let taps = try bench.weight(format, rows: 9, columns: 32)
      let convolving = try Case(bench, Convolution(taps: taps), slots: 1)
      return try convolving.run(rows: (0..<40).map { (0, $0) }, [.init(end: 0)])
    }
  }

  @Test("However a prompt is cut into steps, the bits are the same", arguments: Subject.all)
  func cuts(_ subject: Subject) throws {
    for (channels, taps, hasBias, activation) in Self.shapes where channels < 100 {
      let bench = try Bench(subject.make(), seed: 3)
      let convolving = try Case(
        bench, channels: channels, taps: taps, hasBias: hasBias, activation: activation, slots: 2)
      let count = 19
      let whole = try convolving.run(rows: (0..<count).map { (0, $0) }, [.init(end: 0)])
      for length in 1..<count {
        var parts: [Float] = []
        for (index, start) in stride(from: 0, to: count, by: length).enumerated() {
          // In one slot, or from one to the other and back.
          let slots: (from: Int32, to: Int32) = length.isMultiple(of: 2) ? (0, 0) : index % 2 == 0 ? (1, 0) : (0, 1)
          parts += try convolving.run(
            rows: (start..<min(count, start + length)).map { (0, $0) },
            [.init(start: start == 0 ? nil : slots.from, end: slots.to)])
        }
        #expect(bits(parts) == bits(whole), "\(taps) taps, \(length) rows a step")
      }
    }
  }

  @Test("A sequence goes on from any snapshot, alone and as a fork, with the same bits", arguments: Subject.all)
  func snapshots(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 4)
    let convolving = try Case(bench, channels: 21, taps: 4, hasBias: true, activation: .silu, slots: 14)
    let (count, channels) = (12, 21)
    // Two sequences of the same inputs beside each other; a snapshot behind every row of the first.
    let rows = (0..<count).flatMap { [(0, $0), (1, $0)] }
    let snapshots = (0..<count).map { SequenceStates.Snapshot(row: 2 * $0, slot: Int32($0)) }
    let whole = try convolving.run(rows: rows, [.init(end: 12, snapshots: snapshots), .init(end: 13)])
    func expected(_ position: Int) -> ArraySlice<Float> {
      whole[2 * position * channels..<(2 * position + 1) * channels]
    }
    for start in 1..<count {
      let source = Int32(start - 1)
      // Two forks of one snapshot; it is still there for the steps to come.
      for _ in 0..<2 {
        let found = try convolving.run(
          rows: (start..<count).flatMap { [(0, $0), (1, $0)] },
          [.init(start: source, end: 12), .init(start: source, end: nil)])
        for position in start..<count {
          for fork in 0..<2 {
            let row = 2 * (position - start) + fork
            #expect(
              bits(found[row * channels..<(row + 1) * channels]) == bits(expected(position)),
              "position \(position) from \(start)")
          }
        }
      }
    }
  }

  @Test("A snapshot behind a step's first rows has what came before the step", arguments: Subject.all)
  func shortSteps(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 5)
    let convolving = try Case(bench, channels: 3, taps: 6, hasBias: false, activation: nil, slots: 3)
    let whole = try convolving.run(rows: (0..<9).map { (0, $0) }, [.init(end: 2)])
    _ = try convolving.run(rows: [(0, 0), (0, 1), (0, 2)], [.init(end: 0)])
    // In place, with fewer rows than the state has inputs.
    _ = try convolving.run(
      rows: [(0, 3), (0, 4)], [.init(start: 0, end: 0, snapshots: [.init(row: 0, slot: 1), .init(row: 1, slot: 2)])])
    for (slot, first) in [(Int32(0), 5), (1, 4), (2, 5)] {
      let found = try convolving.run(rows: (first..<9).map { (0, $0) }, [.init(start: slot, end: nil)])
      #expect(bits(found) == bits(whole[(3 * first)...]), "slot \(slot)")
    }
  }

  @Test("Values that are known", arguments: Subject.all)
  func known(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let convolution = Convolution(
      taps: try bench.weight(values: [1, 10, 100, -1, 0, 2], rows: 2), bias: try bench.weight(values: [0.5, -1]))
    let cache = try bench.backend.makeKVCache(
      KVCacheLayout(layers: [], format: .f16, blocks: 0, states: [1, 4], stateSlots: 1))
    func run(_ values: [Float], from position: Int32, _ states: SequenceStates) throws -> [Float] {
      let x = try bench.buffer(values: values, rows: values.count / 2)
      let y = try bench.buffer(rows: values.count / 2, columns: 2)
      let batch = AttentionBatch(
        positions: (0..<Int32(x.rows)).map { position + $0 }, sequences: Array(repeating: 0, count: x.rows),
        blockTables: [[0]], states: [states])
      try bench.step(batch) { bench.backend.convolve(x, convolution, in: cache, state: 1, into: y) }
      return bench.read(y)
    }
    #expect(try run([1, 2, 3, 4], from: 0, .init(end: 0)) == [100.5, 3, 310.5, 7])
    #expect(try run([5, 6, 7, 8], from: 2, .init(start: 0, end: 0)) == [531.5, 9, 753.5, 11])
    #expect(try run([0, 0], from: 4, .init(start: 0, end: nil)) == [75.5, -7])
  }

  @Test("Damaged taps or biases fail their step", arguments: Subject.all)
  func damage(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let sound = try bench.weight(rows: 2, columns: 2)
    let taps = try bench.weight(values: [1, 2, .nan, 4], rows: 2)
    let bias = try bench.weight(values: [.infinity, 1])
    for (convolution, name) in [
      (Convolution(taps: taps), taps.name), (Convolution(taps: sound, bias: bias), bias.name),
    ] {
      let convolving = try Case(bench, convolution, slots: 1)
      let error = #expect(throws: BackendError.self) { try convolving.run(rows: [(0, 0)], [.init(end: 0)]) }
      guard case .nonFiniteWeight(name, _, _)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test("Products of two buffers", arguments: Subject.all)
  func multiply(_ subject: Subject) throws {
    for (rows, columns) in RowTests.shapes {
      try compare(subject, .ofPeak(2e-7), "\(rows) rows of \(columns)") { bench in
        let (x, y) = (try bench.buffer(rows: rows, columns: columns), try bench.buffer(rows: rows, columns: columns))
        try bench.step { bench.backend.multiply(x, by: y) }
        return bench.read(x)
      }
    }
  }
}

/// One convolution with a cache: an input's values are a function of its channel and position.
private struct Case {
  let bench: Bench
  let convolution: Convolution
  let cache: KVCache

  init(
    _ bench: Bench, channels: Int, taps: Int, hasBias: Bool, activation: Activation?, slots: Int
  ) throws {
    let weight = try bench.weight(values: bench.generator.normals(channels * taps, scale: 1), rows: channels)
    let bias = hasBias ? try bench.vector(channels) : nil
    try self.init(bench, Convolution(taps: weight, bias: bias, activation: activation), slots: slots)
  }

  init(_ bench: Bench, _ convolution: Convolution, slots: Int) throws {
    (self.bench, self.convolution) = (bench, convolution)
    let state = (convolution.taps.columns - 1) * convolution.taps.rows
    cache = try bench.backend.makeKVCache(
      KVCacheLayout(layers: [], format: .f16, blocks: 0, states: [3, state], stateSlots: slots))
  }

  /// The results of one step.
  func run(rows: [(sequence: Int, position: Int)], _ states: [SequenceStates]) throws -> [Float] {
    let channels = convolution.taps.rows
    let values = rows.flatMap { row in
      var generator = SeededGenerator(seed: UInt64(row.position + 1))
      return generator.normals(channels, scale: 1)
    }
    let x = try bench.buffer(values: values, rows: rows.count)
    let y = try bench.backend.makeBuffer(rows: rows.count, columns: channels)
    let batch = AttentionBatch(
      positions: rows.map { Int32($0.position) }, sequences: rows.map { Int32($0.sequence) },
      blockTables: states.map { _ in [0, 1, 2] }, states: states)
    try bench.step(batch) { bench.backend.convolve(x, convolution, in: cache, state: 1, into: y) }
    return bench.read(y)
  }
}
