internal import ApusBenchmark
internal import ApusCPU
internal import ApusModels
internal import ArgumentParser

/// `apus bench`: how fast models run on this machine, and how fast they could.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures the speed of models, and how near that is to the machine's limits.",
    discussion: """
      Processes prompts (pp) and generates tokens (tg) without sampling or text; the names and figures compare with \
      those of llama-bench:

        apus bench model.gguf -p 512 -n 64,128 -d 0,2048 -t 1,2

      Options with several values, separated by commas, measure every combination. --batched 8 generates for eight \
      sequences at once (tg128x8) and counts the tokens of all.

      GB/s and Gop/s are what the weights and the KV cache must at least move and multiply. "of the limit" compares \
      the time taken with the least that the machine could need, by its measured reads or arithmetic. --limits shows \
      those measurements alone.
      """)

  @Argument(
    help: "The models: GGUF files, or names of those in the model folder.", completion: .file(extensions: ["gguf"]))
  var models: [String] = []

  @OptionGroup var dimensions: BenchArguments

  @Option(
    name: [.customShort("r"), .long],
    help: ArgumentHelp("How often each test runs; the median counts.", valueName: "n"))
  var repetitions = 5

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "How results are written: table, json (one object a line), csv or markdown.", valueName: "format"))
  var output = ReportFormat.table

  @Flag(name: .customLong("limits"), help: "Measure the machine alone: reading memory, and arithmetic.")
  var onlyLimits = false

  @Flag(help: "Do not measure the machine's limits.") var noLimits = false
  @Flag(help: "Do not run a step before each test that does not count.") var noWarmup = false

  func validate() throws {
    if models.isEmpty != onlyLimits {
      throw ValidationError(
        onlyLimits ? "--limits measures the machine and takes no model" : "give a model, or --limits for none")
    }
    if onlyLimits && noLimits { throw ValidationError("--limits and --no-limits contradict each other") }
    if repetitions < 1 { throw ValidationError("--repetitions must be at least 1, not \(repetitions)") }
    if !onlyLimits && dimensions.plan.tests.isEmpty {
      throw ValidationError("there is nothing to measure: give --prompt or --generate more than 0 tokens")
    }
  }

  func run() throws {
    let output = Output()
    if onlyLimits {
      let all = Machine.current().threadCount
      try LimitsReport(measureLimits(dimensions.threads?.values ?? (all > 1 ? [1, all] : [1])))
        .write(as: self.output, to: output)
    } else {
      try measureModels(output)
    }
  }

  private func measureLimits(_ threads: [Int]) throws -> [MachineLimits] {
    let progress = ProgressBar("measuring the machine")
    defer { progress.finish() }
    let probe = LimitsProbe(Machine.current())
    return try threads.enumerated().map { index, count in
      progress.update(index, of: threads.count)
      return try probe.measure(threads: count)
    }
  }

  private func measureModels(_ output: Output) throws {
    // Opened before anything is measured, so that a wrong name shows at once.
    let files = try models.map { try ModelFile(path: ModelFolder.resolve($0)) }
    let plan = dimensions.plan
    let limits = noLimits ? [] : try measureLimits(plan.threads)
    var report = BenchReport(self.output, plan, hasLimits: !noLimits, to: output)
    try report.begin(limits, repetitions: repetitions)
    for file in files {
      try report.begin(file)
      for setup in plan.setups {
        var session = try BenchmarkSession(file, setup, for: plan.tests)
        let limits = limits.first { $0.threads == setup.threads }
        for test in plan.tests {
          let result = try measure(test, &session)
          try report.add(BenchRecord(model: file, result: result, limits: limits))
        }
      }
    }
  }

  private func measure(_ test: BenchmarkTest, _ session: inout BenchmarkSession) throws -> BenchmarkResult {
    var repetition = BenchmarkSession.Repetition()
    repetition.count = repetitions
    repetition.warmsUp = !noWarmup
    let progress = ProgressBar("\(test.name) on \(readable(threads: session.setup.threads))")
    defer { progress.finish() }
    return try session.run(test, repetition) { progress.update($0, of: $1) }
  }
}
