internal import ApusCPU
internal import ApusCore
package import ApusModels

/// A model in use with one setup, ready to be measured.
package struct BenchmarkSession {
  /// How the tests are repeated.
  package struct Repetition: Sendable {
    package var count = 5
    /// Whether a step that does not count comes first.
    package var warmsUp = true

    package init() {}
  }

  package let setup: BenchmarkSetup
  /// How long it took to take the model into use.
  package let loadTime: Duration
  private var sequences: BenchmarkSequences

  /// Loads `file` with room for all of `tests`.
  package init(_ file: ModelFile, _ setup: BenchmarkSetup, for tests: [BenchmarkTest]) throws(BenchmarkError) {
    self.setup = setup
    let needs = Needs(setup, tests)
    try needs.check(file, Machine.current())
    let clock = ContinuousClock()
    let start = clock.now
    var options = LanguageModel.Options()
    (options.maxBatchRows, options.contextLength) = (needs.batchRows, needs.positions)
    let model = try Self.load(file, setup, options)
    do throws(BackendError) {
      sequences = try BenchmarkSequences(
        model, file.work, format: setup.kvFormat, positions: needs.positions, sequences: needs.sequences)
    } catch {
      throw .backend(error)
    }
    loadTime = start.duration(to: clock.now)
  }

  private static func load(
    _ file: ModelFile, _ setup: BenchmarkSetup, _ options: LanguageModel.Options
  ) throws(BenchmarkError) -> LanguageModel {
    guard let kernels = Kernels(level: setup.kernels) else {
      throw .kernels(setup.kernels, known: Kernels.supportedLevelNames)
    }
    let backend: CPUBackend
    do throws(BackendError) {
      backend = try CPUBackend(.init(threads: setup.threads, kernels: kernels, pinsThreads: setup.pinsThreads))
    } catch {
      throw .backend(error)
    }
    do throws(ModelError) {
      return try file.loadNetwork(backend: backend, options: options)
    } catch {
      throw .model(error)
    }
  }

  /// Measures `test`, one of those that the session was made for.
  ///
  /// `progress` gets the tokens done and those to do; its time does not count.
  package mutating func run(
    _ test: BenchmarkTest, _ repetition: Repetition, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(BenchmarkError) -> BenchmarkResult {
    do throws(BackendError) {
      return try measure(test, repetition, progress)
    } catch {
      throw .backend(error)
    }
  }

  private mutating func measure(
    _ test: BenchmarkTest, _ repetition: Repetition, _ progress: (Int, Int) -> Void
  ) throws(BackendError) -> BenchmarkResult {
    let missing = (0..<test.sequences).reduce(0) { $0 + sequences.missing($1, depth: test.depth) }
    let count = max(1, repetition.count)
    let total = missing + count * test.countedTokens
    var done = 0
    for sequence in 0..<test.sequences {
      while sequences.missing(sequence, depth: test.depth) > 0 {
        let before = sequences.missing(sequence, depth: test.depth)
        try sequences.fill(sequence, depth: test.depth, batchRows: setup.batchRows)
        done += before - sequences.missing(sequence, depth: test.depth)
        progress(done, total)
      }
    }
    if repetition.warmsUp, let first = steps(of: test).first { _ = try step(test, first) }
    var (rates, work): ([Double], ModelWork.Step) = ([], .init())
    for _ in 0..<count {
      var elapsed = Duration.zero
      work = .init()
      for positions in steps(of: test) {
        let start = ContinuousClock.now
        work += try step(test, positions)
        elapsed += start.duration(to: .now)
        done += positions.count * test.countedTokens / test.tokens
        progress(done, total)
      }
      rates.append(Double(test.countedTokens) / elapsed.inSeconds)
    }
    return BenchmarkResult(
      test: test, setup: setup, loadTime: loadTime, tokensPerSecond: Samples(rates), work: work,
      hugePageByteCount: Machine.hugePageByteCount())
  }

  /// The positions that each step of a repetition processes.
  private func steps(of test: BenchmarkTest) -> [Range<Int>] {
    let rows = if case .prefill = test.work { setup.batchRows } else { 1 }
    return stride(from: test.depth, to: test.positions, by: rows).map { $0..<min($0 + rows, test.positions) }
  }

  private mutating func step(_ test: BenchmarkTest, _ positions: Range<Int>) throws(BackendError) -> ModelWork.Step {
    switch test.work {
    case .prefill(_, let beside):
      try sequences.prefill(positions, endsPrompt: positions.upperBound == test.positions, beside: beside)
    case .decode(_, let count): try sequences.decode(positions.lowerBound, sequences: count)
    }
  }
}

/// The room that a setup's tests need.
private struct Needs {
  let positions: Int
  let sequences: Int
  let batchRows: Int
  private let setup: BenchmarkSetup

  init(_ setup: BenchmarkSetup, _ tests: [BenchmarkTest]) {
    self.setup = setup
    positions = max(1, tests.map(\.positions).max() ?? 1)
    sequences = max(1, tests.map(\.sequences).max() ?? 1)
    batchRows = setup.batchRows + sequences
  }

  func check(_ file: ModelFile, _ machine: Machine) throws(BenchmarkError) {
    var use = ModelFootprint.Use(context: positions)
    use.slots = sequences
    use.format = setup.kvFormat
    use.maxBatchRows = batchRows
    // Where there is no sum, making the cache says why.
    guard let needed = file.footprint(use)?.total, needed > machine.freeByteCount else { return }
    throw .memory(
      neededBytes: needed, availableBytes: machine.freeByteCount, positions: positions, sequences: sequences)
  }
}
