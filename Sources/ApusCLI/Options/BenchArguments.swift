internal import ApusBenchmark
internal import ApusCPU
internal import ApusCore
internal import ArgumentParser

/// The dimensions of a benchmark; every combination of their values is measured.
struct BenchArguments: ParsableArguments {
  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Tokens of a prompt to process; 0 for no such test.", valueName: "tokens,…"))
  var prompt = ValueList([512])

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("Tokens to generate; 0 for no such test.", valueName: "tokens,…"))
  var generate = ValueList([128])

  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp("Tokens that are in the KV cache before a test.", valueName: "tokens,…"))
  var depth = ValueList([0])

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("Threads that compute; by default as many as this process may use.", valueName: "n,…"))
  var threads: ValueList<Int>?

  @Option(help: ArgumentHelp("Prompt tokens that one step processes.", valueName: "tokens,…"))
  var batch = ValueList([256])

  @Option(help: ArgumentHelp("Sequences that generate together.", valueName: "n,…"))
  var batched = ValueList([1])

  @Option(
    help: ArgumentHelp(
      "Sequences that generate in every step of a prompt (pp512+4); the prompt's tokens count.", valueName: "n,…"))
  var beside = ValueList([0])

  @Option(help: ArgumentHelp("How keys and values are kept: f16, q8_0, f32 or several.", valueName: "format,…"))
  var kv = ValueList([KVFormat.f16])

  @Option(
    help: ArgumentHelp(
      "The kernels to use, of \(Kernels.supportedLevelNames.joined(separator: ", ")); by default the last of them.",
      valueName: "level,…"))
  var kernels: ValueList<String>?

  @Flag(help: "Keep each thread but the first on a CPU of its own (Linux).") var pin = false

  func validate() throws {
    try prompt.check("--prompt", 0...1 << 20)
    try generate.check("--generate", 0...1 << 20)
    try depth.check("--depth", 0...1 << 24)
    try threads?.check("--threads", 1...1024)
    try batch.check("--batch", 1...65_536)
    try batched.check("--batched", 1...4096)
    try beside.check("--beside", 0...4096)
    for level in levels { try KernelOption.check(level, source: kernels == nil ? Environment.kernels : "--kernels") }
  }

  private var levels: [String] {
    kernels?.values ?? [Environment[Environment.kernels] ?? Kernels.best().name]
  }

  var plan: BenchmarkPlan {
    var plan = BenchmarkPlan(threads: threads?.values ?? [Machine.current().threadCount], kernels: levels)
    plan.prompts = prompt.values
    plan.generations = generate.values
    plan.depths = depth.values
    plan.sequences = batched.values
    plan.beside = beside.values
    plan.batchRows = batch.values
    plan.kvFormats = kv.values
    plan.pinsThreads = pin
    return plan
  }
}
