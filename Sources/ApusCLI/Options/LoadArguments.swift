internal import Apus
internal import ArgumentParser

/// How a model is set up.
struct LoadArguments: ParsableArguments {
  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp(
      "Tokens that prompt and answer may have together; by default what the model was trained for, at most 4096.",
      valueName: "tokens"))
  var context: Int?

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("Threads that compute; by default as many as this process may use.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("How keys and values are kept: f16, or q8_0 in half the memory.", valueName: "format"))
  var kv = KVCacheFormat.f16

  @OptionGroup var kernels: KernelOption

  @Flag(help: "Multiply prompts with F32, F16 and BF16 weights by OpenBLAS; their last bits then depend on batching.")
  var blas = false

  @Flag(help: "Keep each thread but the first on a CPU of its own (Linux).") var pin = false

  @Flag(help: "Read the model into memory instead of mapping its file; safe even if another program changes the file.")
  var noMmap = false

  @Option(
    help: ArgumentHelp(
      "A small model with the same vocabulary that guesses tokens, where that is faster; the answer is the same.",
      valueName: "model"))
  var draft: String?

  func validate() throws {
    if let context, context < 1 { throw ValidationError("--context must be at least 1, not \(context)") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be 1 to 1024, not \(threads)")
    }
  }
}

extension LoadArguments {
  /// The same, as the library takes it, for one answer after the other.
  var options: LoadOptions {
    var options = LoadOptions(threads: threads, contextLength: context, kvFormat: kv, kernels: kernels.name)
    options.usesBLAS = blas
    options.pinsThreads = pin
    options.mapsFile = !noMmap
    options.draft = draft.map(ModelFolder.resolve)
    options.parallel = 1
    return options
  }
}
