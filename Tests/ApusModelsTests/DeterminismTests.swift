internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusReference
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `Logits do not depend` {
  private static let models = SyntheticReference.all

  private func logits(_ reference: SyntheticReference, threads: Int, chunk: Int) throws -> [Float] {
    let runner = try ModelRunner(
      path: reference.path, makeBackend(threads: threads),
      positions: reference.positions)
    return try runner.logits(reference.ids, chunk: chunk)
  }

  @Test(arguments: models)
  func `on threads or on how a prompt is cut into steps, bit for bit`(reference: SyntheticReference) throws {
    let expected = try logits(reference, threads: 1, chunk: 64)
    for (threads, chunk) in [(2, 64), (3, 64), (1, 1), (2, 7), (3, 31)] {
      let found = try logits(reference, threads: threads, chunk: chunk)
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(threads) threads, \(chunk) tokens a step")
    }
  }

  @Test(arguments: models)
  func `on which rows are asked for`(reference: SyntheticReference) throws {
    let runner = try ModelRunner(
      path: reference.path, makeBackend(), positions: reference.positions)
    let all = try runner.logits(reference.ids)
    runner.reset()
    let last = try runner.lastLogits(reference.ids, chunk: 5)
    #expect(last.map(\.bitPattern) == all.suffix(reference.n_vocab).map(\.bitPattern))
  }

  @Test(arguments: models)
  func `on other sequences in the same batch`(reference: SyntheticReference) throws {
    let backend = try makeBackend()
    let file = try GGUFFile.open(path: reference.path)
    let runner = try ModelRunner(file, backend, positions: reference.positions)
    let model = runner.model
    let count = 12
    let (one, two) = (Array(reference.ids.prefix(count)), Array(reference.ids.reversed().prefix(count)))
    let alone = [
      try runner.logits(one),
      try {
        runner.reset(); return try runner.logits(two)
      }(),
    ]
    // The two sequences' tokens alternate.
    let hasStates = !model.configuration.states.isEmpty
    let batch = AttentionBatch(
      positions: (0..<2 * count).map { Int32($0 / 2) }, sequences: (0..<2 * count).map { Int32($0 % 2) },
      blockTables: [[1], [0]], windowTables: model.configuration.window == nil ? [] : [[1], [0]],
      states: hasStates ? [SequenceStates(end: nil), SequenceStates(end: 0)] : [])
    var together = [Float](repeating: 0, count: 2 * count * reference.n_vocab)
    var none: [Float] = []
    var span = together.mutableSpan
    var noSpan = none.mutableSpan
    let failures = try model.forward(
      tokens: zip(one, two).flatMap { [$0, $1] }, batch: batch, cache: model.makeKVCache(format: .f16, positions: 64),
      wanted: WantedRows(logits: Array(0..<2 * count)), into: &span, &noSpan)
    #expect(failures.isEmpty)
    for row in 0..<2 * count {
      let size = reference.n_vocab
      let expected = alone[row % 2][row / 2 * size..<(row / 2 + 1) * size]
      #expect(together[row * size..<(row + 1) * size].elementsEqual(expected), "row \(row)")
    }
  }
}

@Suite struct `A KV cache in Q8_0` {
  @Test(arguments: SyntheticReference.all)
  func `gives nearly the logits of one in F16, or is refused`(reference: SyntheticReference) throws {
    let file = try GGUFFile.open(path: reference.path)
    let configuration = try ModelConfiguration(file)
    let backend = try makeBackend()
    guard configuration.cacheLayers.allSatisfy({ $0.keyDimension.isMultiple(of: 32) }) else {
      #expect(throws: BackendError.self) {
        try ModelRunner(file, backend, positions: reference.positions, format: .q8_0)
      }
      return
    }
    let comparison = try comparison(reference, file, backend)
    let limits = LogitLimits.int8
    guard comparison.mean >= limits.meanDivergence else { return limits.check(comparison, reference.file) }
    // Rounding keys and values may cost nearly as much by itself; queries are rounded beside that.
    let least = try self.comparison(reference, file, ReferenceBackend())
    #expect(comparison.mean < 1.5 * least.mean, "mean KL, \(least.mean) with queries as they are")
    #expect(comparison.maximum < limits.maximumDivergence && comparison.largestGap < limits.gap)
  }

  /// Logits with a cache in Q8_0 beside those with one in F16.
  private func comparison(
    _ reference: SyntheticReference, _ file: GGUFFile, _ backend: any Backend
  ) throws -> LogitComparison {
    let expected = try ModelRunner(file, backend, positions: reference.positions).logits(reference.ids)
    let found = try ModelRunner(file, backend, positions: reference.positions, format: .q8_0).logits(reference.ids)
    var comparison = LogitComparison()
    for start in stride(from: 0, to: expected.count, by: reference.n_vocab) {
      let row = start..<start + reference.n_vocab
      comparison.add(found[row], reference: expected[row])
    }
    return comparison
  }
}

@Suite struct `A sliding window` {
  @Test func `hides what lies before it, and changes nothing within it`() throws {
    let folder = try TemporaryFolder()
    let (open, narrow) = (folder.path("open.gguf"), folder.path("narrow.gguf"))
    var model = TinyModel()
    model.layers = 1
    try TinyFile(model: model).write(to: open)
    try TinyFile(model: model, change: { $0.set("llama.attention.sliding_window", UInt32(8)) }).write(to: narrow)
    let tokens = (0..<100).map { Token(($0 * 37) % 256 + 3) }
    let backend = try makeBackend()
    let all = try ModelRunner(path: open, backend, positions: 128).logits(tokens)
    let near = try ModelRunner(path: narrow, backend, positions: 128).logits(tokens)
    let size = all.count / tokens.count
    #expect(near[..<(8 * size)].elementsEqual(all[..<(8 * size)]))
    #expect(!near[(8 * size)...].elementsEqual(all[(8 * size)...]))
    // With one layer a token sees only its window: another past before it leaves the last logits as they are.
    let others = tokens.enumerated().map { $0.offset < 92 ? Token(5) : $0.element }
    let otherPast = try ModelRunner(path: narrow, backend, positions: 128).logits(others)
    #expect(otherPast.suffix(size).elementsEqual(near.suffix(size)))
  }
}
