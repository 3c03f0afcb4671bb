internal import ApusBenchmark
internal import ApusCore
internal import Testing

@Suite struct `A benchmark's plan` {
  @Test func `names tests as llama-bench does`() {
    #expect(BenchmarkTest(.prefill(tokens: 512)).name == "pp512")
    #expect(BenchmarkTest(.prefill(tokens: 512), depth: 2048).name == "pp512@d2048")
    #expect(BenchmarkTest(.prefill(tokens: 64, beside: 4), depth: 9).name == "pp64+4@d9")
    #expect(BenchmarkTest(.decode(tokens: 128, sequences: 1)).name == "tg128")
    #expect(BenchmarkTest(.decode(tokens: 64, sequences: 8), depth: 16).name == "tg64x8@d16")
  }

  @Test func `tests are all combinations, shallow ones first`() {
    var plan = BenchmarkPlan(threads: [1], kernels: ["reference"])
    (plan.prompts, plan.generations, plan.depths, plan.sequences) = ([4, 0], [2, 0, 3], [32, 0], [1, 2])
    plan.beside = [0, 2]
    let shallow = ["pp4", "pp4+2", "tg2", "tg2x2", "tg3", "tg3x2"]
    #expect(plan.tests.map(\.name) == shallow + shallow.map { $0 + "@d32" })
    (plan.prompts, plan.generations) = ([0], [])
    #expect(plan.tests.isEmpty)
  }

  @Test func `setups are all combinations`() {
    var plan = BenchmarkPlan(threads: [1, 2], kernels: ["a", "b"])
    (plan.kvFormats, plan.batchRows) = ([.f16, .q8_0], [32, 64, 128])
    #expect(plan.setups.count == 24)
    #expect(plan.setups.first == BenchmarkSetup(threads: 1, kernels: "a", kvFormat: .f16, batchRows: 32))
    #expect(plan.setups.last == BenchmarkSetup(threads: 2, kernels: "b", kvFormat: .q8_0, batchRows: 128))
  }
}

@Suite struct `Repeated measurements` {
  @Test func `have a median and a spread`() {
    let odd = Samples([5, 1, 3])
    #expect(odd.median == 3 && odd.minimum == 1 && odd.maximum == 5)
    #expect(odd.relativeDeviation == 2.0 / 3)
    let even = Samples([4, 1, 2, 3])
    #expect(even.median == 2.5 && even.relativeDeviation == 1 / 2.5)
    #expect(Samples([7]).relativeDeviation == 0 && Samples([0, 0]).relativeDeviation == 0)
  }
}
