internal import ApusCPU
internal import ApusEvaluation
internal import ApusGGUF
internal import ApusJSON
internal import ApusModels
internal import ApusTokenizers
internal import ArgumentParser

/// `apus eval`: figures about a model's quality.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measures a model's quality offline.",
    subcommands: [EvaluatePerplexity.self])
}

/// `apus eval perplexity`: how well a model predicts a text.
struct EvaluatePerplexity: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "perplexity",
    abstract: "Measures how well a model predicts a text; lower is better.",
    discussion: """
      The method is that of llama.cpp's llama-perplexity, so figures for the same text, context and model compare:

        apus eval perplexity model.gguf wiki.test.raw

      Prints the running value after each chunk, then the final one with its standard error. It does not compare with \
      the word perplexity of lm-evaluation-harness.
      """)

  @OptionGroup var model: ModelArgument
  @Argument(help: "A text file: UTF-8, read as run reads a prompt.", completion: .file()) var file: String

  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp("Tokens in a chunk; those of the second half are scored.", valueName: "tokens"))
  var context = 512

  @Option(help: ArgumentHelp("Chunks to score; by default all.", valueName: "n"))
  var chunks: Int?

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("Threads that compute; by default as many as this process may use.", valueName: "n"))
  var threads: Int?

  @OptionGroup var kernels: KernelOption

  @Flag(help: "Multiply prompts with F32, F16 and BF16 weights by OpenBLAS; their last bits then depend on batching.")
  var blas = false

  @Flag(help: "Print one JSON object at the end instead.") var json = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be 1 to 1024, not \(threads)")
    }
    if let chunks, chunks < 1 { throw ValidationError("--chunks must be at least 1, not \(chunks)") }
  }

  func run() throws {
    let options = CPUBackend.Options(
      threads: threads ?? Machine.current().threadCount, kernels: kernels.level, usesBLAS: blas)
    var loading = LanguageModel.Options()
    loading.contextLength = context
    let loaded = try loadModel(path: model.path, backend: try CPUBackend(options), options: loading)
    StandardError.warn(ModelWarning.warnings(about: loaded.vocabulary, path: loaded.file.paths[0]))
    let tokens = loaded.tokenizer.encode(StoredText.prompt(try readFile(file)), addSpecial: true, parseSpecial: false)
    let vocabulary = loaded.vocabulary
    let output = Output()
    var perplexity = Perplexity()
    perplexity.contextLength = context
    perplexity.chunkLimit = chunks
    var failure: OutputError?
    let estimate = try perplexity.evaluate(
      tokens, model: loaded.model, beginningOfSequence: vocabulary.addsBOS ? vocabulary[.beginningOfSequence] : nil
    ) { estimate, total in
      guard !json, failure == nil else { return }
      do throws(OutputError) { try report(estimate, of: total, to: output) } catch { failure = error }
    }
    if let failure { throw failure }
    if json {
      try output.write(summary(estimate, options).pretty)
    } else {
      let error = estimate.standardError.map { fixed($0, 5) } ?? "?"
      try output.writeLine(
        "\nFinal estimate: PPL over \(estimate.chunks) chunks for n_ctx=\(context) = "
          + "\(fixed(estimate.perplexity, 4)) +/- \(error)")
    }
    try output.flush()
  }

  private func report(_ estimate: Perplexity.Estimate, of total: Int, to output: Output) throws(OutputError) {
    if estimate.chunks == 1 {
      try output.writeLine("perplexity over \(total) chunks, n_ctx=\(context), by llama.cpp's method")
    }
    try output.write("[\(estimate.chunks)]\(fixed(estimate.perplexity, 4)),")
    try output.flush()
  }

  private func summary(_ estimate: Perplexity.Estimate, _ options: CPUBackend.Options) -> JSONValue {
    [
      "method": "llama.cpp", "perplexity": .number(estimate.perplexity),
      "standard_error": estimate.standardError.map { .number($0) } ?? .null, "chunks": .int(estimate.chunks),
      "scored_tokens": .int(estimate.scoredTokens), "context": .int(context),
      "kernels": .string(options.kernels.name), "threads": .int(options.threads),
    ]
  }
}
