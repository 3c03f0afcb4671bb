internal import Apus
internal import ArgumentParser

/// When an answer ends, and how its tokens are chosen; what is not given stays as it is.
struct GenerationArguments: ParsableArguments {
  @Option(
    name: [.customShort("n"), .long], parsing: .unconditional,
    help: ArgumentHelp(
      "Tokens of an answer at most; -1 for as many as the context has room for. (default: -1)", valueName: "tokens"))
  var maxTokens: Int?

  @Option(
    name: [.customShort("s"), .long], parsing: .unconditional,
    help: ArgumentHelp("The same seed gives the same answer; -1 for a random one. (default: -1)", valueName: "number"),
    transform: { try Seed($0) })
  var seed: Seed?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A text that ends the answer; may be repeated.", valueName: "text"))
  var stop: [String] = []

  @Flag(inversion: .prefixedNo, help: "Go on where the model would end.")
  var ignoreEos: Bool?

  @Flag(
    inversion: .prefixedNo,
    help:
      "Guess tokens from what came before or by --draft, and check several at once, where that is faster; the answer is the same."
  )
  var speculation: Bool?

  @OptionGroup var sampling: SamplingArguments

  func validate() throws {
    if let maxTokens, maxTokens < -1 {
      throw ValidationError("--max-tokens must be at least 0, or -1 for no limit, not \(maxTokens)")
    }
  }

  /// What was given, and `usual` for how tokens are chosen where that was not given.
  func options(usual: SamplingOptions) -> GenerationOptions {
    var options = GenerationOptions(sampling: usual)
    apply(to: &options)
    return options
  }

  /// Puts what was given into `options`.
  func apply(to options: inout GenerationOptions) {
    if let maxTokens { options.maxTokens = maxTokens < 0 ? nil : maxTokens }
    if let seed { options.seed = seed.value }
    if !stop.isEmpty { options.stop = stop }
    if let ignoreEos { options.ignoreEOS = ignoreEos }
    if let speculation { options.speculation = speculation ? .automatic : .off }
    var changed = options.sampling ?? SamplingOptions()
    sampling.apply(to: &changed)
    options.sampling = changed
  }
}
