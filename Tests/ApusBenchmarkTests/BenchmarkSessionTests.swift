internal import ApusBenchmark
internal import ApusCPU
internal import ApusCore
internal import ApusModels
internal import ApusTestSupport
internal import Testing

@Suite struct `A benchmark's session` {
  private let folder: TemporaryFolder
  private let file: ModelFile
  private let kernels = KernelLevel.forced ?? Kernels.best().name

  init() throws {
    folder = try TemporaryFolder()
    var model = TinyModel()
    (model.format, model.hiddenSize, model.heads, model.kvHeads) = (.q8_0, 128, 4, 2)
    try model.write(to: folder.path("tiny.gguf"))
    file = try ModelFile(path: folder.path("tiny.gguf"))
  }

  private func results(_ plan: BenchmarkPlan, repetitions: Int = 2) throws -> [BenchmarkResult] {
    var repetition = BenchmarkSession.Repetition()
    repetition.count = repetitions
    return try plan.setups.flatMap { setup in
      var session = try BenchmarkSession(file, setup, for: plan.tests)
      return try plan.tests.map { try session.run($0, repetition) }
    }
  }

  @Test func `measures every test of every setup`() throws {
    var plan = BenchmarkPlan(threads: [1, 2], kernels: [kernels])
    (plan.prompts, plan.generations, plan.depths, plan.sequences) = ([40], [3], [0, 33], [1, 3])
    (plan.kvFormats, plan.batchRows) = ([.f16, .q8_0], [16])
    let results = try results(plan)
    #expect(results.map(\.test) == (0..<4).flatMap { _ in plan.tests })
    for result in results {
      #expect(result.tokensPerSecond.values.count == 2 && result.tokensPerSecond.minimum > 0)
      #expect(result.work.byteCount > 0 && result.work.operations > 0)
    }
  }

  @Test func `counts what each repetition moves and multiplies`() throws {
    var plan = BenchmarkPlan(threads: [1], kernels: [kernels])
    (plan.prompts, plan.generations, plan.sequences) = ([40], [2], [3])
    (plan.batchRows, plan.beside) = ([16], [0, 2])
    let results = try results(plan)
    let step = { (rows: Int, logits: Int, contexts: [Int]) in
      file.work.step(rows: rows, logitRows: logits, contexts: contexts, format: .f16)
    }
    var prefill = step(16, 0, [16])
    prefill += step(16, 0, [32])
    prefill += step(8, 1, [40])
    #expect(results[0].work == prefill)
    var mixed = step(18, 2, [16, 1, 1])
    mixed += step(18, 2, [32, 17, 17])
    mixed += step(10, 3, [40, 33, 33])
    #expect(results[1].work == mixed && results[1].tokens == 40)
    var decode = step(3, 3, [1, 1, 1])
    decode += step(3, 3, [2, 2, 2])
    #expect(results[2].work == decode && results[2].tokens == 6)
    #expect(results[2].weightBytesPerToken == Double(decode.weightByteCount) / 6)
    let bytesPerSecond = results[2].bytesPerSecond / results[2].tokensPerSecond.median
    #expect(abs(bytesPerSecond - Double(decode.byteCount) / 6) < 1e-6 * bytesPerSecond)
  }

  @Test func `progress rises to its end, with the depth`() throws {
    var session = try BenchmarkSession(
      file, BenchmarkSetup(threads: 1, kernels: kernels, batchRows: 8),
      for: [BenchmarkTest(.decode(tokens: 4, sequences: 2), depth: 20)])
    var seen: [Int] = []
    var repetition = BenchmarkSession.Repetition()
    repetition.count = 3
    _ = try session.run(BenchmarkTest(.decode(tokens: 4, sequences: 2), depth: 20), repetition) { done, total in
      #expect(total == 2 * 20 + 3 * 2 * 4)
      seen.append(done)
    }
    #expect(seen == seen.sorted() && seen.last == 64)
  }

  @Test func `says what does not fit and what the machine lacks`() throws {
    let huge = BenchmarkTest(.decode(tokens: 1, sequences: 4096), depth: 1 << 24)
    #expect(throws: BenchmarkError.self) {
      try BenchmarkSession(file, BenchmarkSetup(threads: 1, kernels: kernels), for: [huge])
    }
    #expect {
      try BenchmarkSession(file, BenchmarkSetup(threads: 1, kernels: "abacus"), for: [])
    } throws: { "\($0)".contains("abacus") }
  }
}
