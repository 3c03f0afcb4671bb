internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusReference
internal import ApusTestSupport
internal import Testing

/// Shapes of models with gated short convolutions.
private enum RecurrentShape {
  static let names = all.map(\.name)

  static func named(_ name: String) throws -> ModelShape { try #require(all.first { $0.name == name }) }

  /// Several taps, odd sizes, layers of attention anywhere, with and without a window or experts.
  private static let all = [
    shape("three-taps", layers: 4) { [0, 2, 0, 0][$0] }, shape("one-tap", layers: 2, taps: 1) { [1, 0][$0] },
    shape("many-taps", layers: 3, taps: 7) { [0, 4, 0][$0] },
    shape("no-attention", layers: 2, taps: 4) { _ in 0 },
    shape("odd", layers: 4, hidden: 36, heads: 3, taps: 2) { [0, 3, 0, 1][$0] },
    shape("window", layers: 4) { [0, 1, 0, 2][$0] }.with([("attention.sliding_window", .integer(11))]),
    shape("experts", layers: 4) { [0, 2, 0, 0][$0] }.with(
      [
        ("expert_count", .integer(6)), ("expert_used_count", .integer(2)), ("expert_feed_forward_length", .integer(24)),
        ("leading_dense_block_count", .integer(1)),
      ], tensors: ["exp_probs_b.bias"]),
    shape("biases", layers: 3) { [0, 2, 0][$0] }.with(
      [], tensors: ["shortconv.in_proj.bias", "shortconv.conv.bias", "shortconv.out_proj.bias"]),
  ]

  private static func shape(
    _ name: String, layers: Int, hidden: Int = 64, heads: Int = 4, taps: Int = 3,
    kvHeads: @escaping @Sendable (Int) -> Int
  ) -> ModelShape {
    ModelShape(
      name, name == "experts" ? "lfm2moe" : "lfm2", layers: layers, hiddenSize: hidden, feedForwardSize: 52,
      heads: heads, kvHeads: 1, vocabularySize: 300, contextLength: 256, isTied: true
    ).with(
      ModelShape.rms(1e-5) + [("attention.head_count_kv", .perLayer(kvHeads)), ("shortconv.l_cache", .integer(taps))])
  }
}

@Suite struct `Recurrent layers` {
  private static let tokens = (0..<100).map { Token(($0 * 37) % 290 + 5) }

  /// A runner for a model of that shape.
  private func runner(
    _ shape: String, _ backend: any Backend, sequences: Int = 2, snapshots: Int = 0
  ) throws -> SequenceRunner {
    let folder = try TemporaryFolder()
    try SyntheticModel(RecurrentShape.named(shape), .f32, seed: 5).write(to: folder.path("model.gguf"))
    var options = LanguageModel.Options()
    options.maxBatchRows = 128
    let model = try LanguageModel(GGUFFile.open(path: folder.path("model.gguf")), backend: backend, options: options)
    return try SequenceRunner(
      model, positions: 128, sequences: sequences, snapshots: snapshots, inReverse: true)
  }

  /// The logits behind each token, fed so many at a time.
  private func logits(
    _ runner: inout SequenceRunner, _ tokens: ArraySlice<Token>, sequence: Int = 0, chunk: Int
  ) throws -> [UInt32] {
    var all: [UInt32] = []
    for start in stride(from: tokens.startIndex, to: tokens.endIndex, by: chunk) {
      let part = tokens[start..<min(start + chunk, tokens.endIndex)]
      try runner.step(part, sequence: sequence, at: start, logitRows: Array(0..<part.count))
      for row in 0..<part.count { all += runner.logits(row).map(\.bitPattern) }
    }
    return all
  }

  @Test(arguments: RecurrentShape.names)
  func `give the same on the CPU and the reference backend`(shape: String) throws {
    var found = try runner(shape, makeBackend())
    var expected = try runner(shape, ReferenceBackend())
    let tokens = Self.tokens.prefix(40)
    var comparison = LogitComparison()
    try found.step(tokens, at: 0, logitRows: Array(tokens.indices))
    try expected.step(tokens, at: 0, logitRows: Array(tokens.indices))
    for row in tokens.indices {
      comparison.add(found.logits(row), reference: expected.logits(row))
      let worst = zip(found.logits(row), expected.logits(row)).map { abs($0 - $1) }.max() ?? 0
      #expect(worst < 1e-3, "row \(row)")
    }
    LogitLimits.float.check(comparison, shape)
  }

  @Test(arguments: RecurrentShape.names)
  func `give the same bits however a prompt is cut into steps`(shape: String) throws {
    var runner = try runner(shape, makeBackend())
    let tokens = Self.tokens[...]
    let expected = try logits(&runner, tokens, chunk: 128)
    for chunk in [1, 2, 3, 7, 32, 33] {
      #expect(try logits(&runner, tokens, chunk: chunk) == expected, "\(chunk) tokens a step")
    }
  }

  @Test(arguments: RecurrentShape.names)
  func `go on from a snapshot at every block boundary, alone and beside others, with the same bits`(
    shape: String
  ) throws {
    var runner = try runner(shape, makeBackend(), sequences: 3, snapshots: 3)
    let (tokens, block, size) = (Self.tokens, KVCacheLayout.blockPositions, 300)
    let expected = try logits(&runner, tokens[...], chunk: 128)
    // Snapshots are taken in steps that do not end at the boundaries.
    for start in stride(from: 0, to: tokens.count, by: 50) {
      let boundaries = (1...3).map { $0 * block }.filter { (start..<start + 50).contains($0 - 1) }
      let snapshots = boundaries.map {
        SequenceStates.Snapshot(row: $0 - 1 - start, slot: Int32($0 / block - 1))
      }
      try runner.step(tokens[start..<start + 50], at: start, logitRows: [], snapshots: snapshots)
    }
    for boundary in 1...3 {
      let (position, slot) = (boundary * block, Int32(boundary - 1))
      let rest = Array(expected[position * size..<tokens.count * size])
      // A fork, with the last boundary's blocks shared, and then the sequence itself.
      runner.resume(1, as: 0, at: position, states: slot)
      #expect(try logits(&runner, tokens[position...], sequence: 1, chunk: 5) == rest, "fork at \(position)")
      runner.resume(2, as: 0, at: position, states: slot)
      runner.resume(1, as: 0, at: position, states: slot)
      // Two forks of one slot in one step, and one that starts anew.
      let rows = (position..<tokens.count).flatMap { index in
        [1, 2].map { SequenceRunner.Row(tokens[index], sequence: $0, position: index) }
      }
      let others = (0..<4).map { SequenceRunner.Row(tokens[$0], position: $0) }
      try runner.step(Array(rows.prefix(60)) + others, logitRows: Array(0..<min(60, rows.count) + 4))
      for (index, row) in rows.prefix(60).enumerated() {
        let want = expected[row.position * size..<(row.position + 1) * size]
        #expect(runner.logits(index).map(\.bitPattern).elementsEqual(want), "row \(index) at \(position)")
      }
      // The sequence itself is fed again up to the boundary, and goes back to it.
      _ = try logits(&runner, tokens[...], chunk: 128)
      runner.resume(0, as: 0, at: position, states: slot)
      #expect(try logits(&runner, tokens[position...], chunk: 128) == rest, "back to \(position)")
    }
  }

  /// Models of the reference data that have recurrent layers, and no weights that are multiplied in int8.
  private static let references = SyntheticReference.all.filter { reference in
    guard let file = try? GGUFFile.open(path: reference.path), let configuration = try? ModelConfiguration(file) else {
      return false
    }
    return !configuration.states.isEmpty && file.tensors.allSatisfy { $0.format?.isDense == true }
  }

  @Test(arguments: references)
  func `give every logit of the reference on every backend, however the prompt is cut`(
    reference: SyntheticReference
  ) throws {
    let expected = try floats(in: reference.logits)
    let first = reference.ids.count - expected.count / reference.n_vocab
    for backend in [try makeBackend(), ReferenceBackend()] as [any Backend] {
      let runner = try ModelRunner(path: reference.path, backend, positions: reference.positions, format: .f32)
      for chunk in [64, 1, 5, 33] {
        runner.reset()
        let found = try runner.logits(reference.ids, chunk: chunk).dropFirst(first * reference.n_vocab)
        let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst < 1e-3, "\(chunk) tokens a step")
      }
      runner.reset()
      let greedy = try runner.greedy(Array(reference.ids.prefix(8)), count: reference.greedy_from_first_8_ids.count)
      LogitLimits.float.check(
        greedy: greedy, reference: reference.greedy_from_first_8_ids, gaps: reference.greedy_gap)
    }
  }

  @Test func `count as memory of a sequence`() throws {
    let folder = try TemporaryFolder()
    try SyntheticModel(RecurrentShape.named("three-taps"), .f32, seed: 5).write(to: folder.path("model.gguf"))
    let file = try ModelFile(path: folder.path("model.gguf"))
    let configuration = file.configuration
    #expect(configuration.states == [128, 128, 128] && configuration.cacheLayers.map(\.kvHeads) == [2])
    var use = ModelFootprint.Use(context: 64)
    let one = try #require(file.footprint(use))
    // Keys and values of two heads of 16 values in one layer, and one state slot.
    #expect(one.kvCache == 64 * 2 * 2 * 16 * 2 + 3 * 128 * 4)
    use.stateSlots = 10
    #expect(try #require(file.footprint(use)).kvCache == one.kvCache + 9 * 3 * 128 * 4)
    use.slots = 3
    use.stateSlots = nil
    #expect(try #require(file.footprint(use)).kvCache == 3 * one.kvCache)
    // A snapshot at the end of each of two KV blocks of each sequence.
    use.isInEngine = true
    #expect(try #require(file.footprint(use)).kvCache == 3 * (one.kvCache + 2 * 3 * 128 * 4))
    // A step reads and writes them.
    let step = file.work.step(rows: 5, logitRows: 1, contexts: [5], format: .f16)
    #expect(step.kvByteCount == 2 * 3 * 128 * 4 + 10 * 2 * 2 * 16 * 2)
  }

  @Test func `make vectors of whole texts and of texts in several steps`() throws {
    let folder = try TemporaryFolder()
    try SyntheticModel(RecurrentShape.named("many-taps"), .f32, seed: 5).write(to: folder.path("model.gguf"))
    func vectors(rows: Int) throws -> [[UInt32]] {
      var options = LanguageModel.Options()
      options.maxBatchRows = rows
      let model = try LanguageModel(
        GGUFFile.open(path: folder.path("model.gguf")), backend: makeBackend(), options: options)
      return try [Array(Self.tokens.prefix(50)), Array(Self.tokens.suffix(40))].map { text in
        var runner = try SequenceRunner(model, positions: 64)
        for start in stride(from: 0, to: text.count, by: rows) {
          let part = text[start..<min(start + rows, text.count)]
          try runner.step(
            part.indices.map { SequenceRunner.Row(text[$0], position: $0) },
            wanted: WantedRows(vectors: [part.count - 1..<part.count]))
        }
        return runner.vector(0).map(\.bitPattern)
      }
    }
    #expect(try vectors(rows: 128) == vectors(rows: 16))
  }
}
