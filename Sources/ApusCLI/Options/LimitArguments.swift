internal import ApusServer
internal import ArgumentParser

/// What a request to a server may hold, and how long its parts may take to come.
struct LimitArguments: ParsableArguments {
  private static let usual = RequestLimits()
  private static let times = ServerTimeouts()
  /// What is larger is no request but a file.
  private static let largestBody = ByteCount(1 << 30)

  @Option(help: ArgumentHelp("Bytes that the body of a request may have.", valueName: "size"))
  var maxBody = ByteCount(Self.usual.bodyByteCount)
  @Option(
    help: ArgumentHelp(
      "The same for SageMaker's paths: /invocations, and those that end like it.", valueName: "size"))
  var maxInvocationBody = ByteCount(Self.usual.invocationByteCount)
  @Option(
    help: ArgumentHelp(
      "Bytes of all bodies that are held at once, beside the first 64 KiB of each.", valueName: "size"))
  var maxHeldBodies = ByteCount(Self.usual.heldBodyByteCount)
  @Option(
    help: ArgumentHelp("Brackets, separators, texts, numbers and words of the JSON of a body.", valueName: "n"))
  var maxJsonTokens = Self.usual.jsonTokens
  @Option(help: ArgumentHelp("Messages of a conversation.", valueName: "n"))
  var maxMessages = Self.usual.messages
  @Option(help: ArgumentHelp("Tools of a request.", valueName: "n"))
  var maxTools = Self.usual.tools
  @Option(help: ArgumentHelp("Choices of each prompt, n in OpenAI's API.", valueName: "n"))
  var maxChoices = Self.usual.choices
  @Option(help: ArgumentHelp("Choices of all prompts of a request together.", valueName: "n"))
  var maxTotalChoices = Self.usual.totalChoices
  @Option(
    help: ArgumentHelp(
      "Texts that end an answer; requests to Bedrock's paths may have at least \(Self.usual.bedrockStops).",
      valueName: "n"))
  var maxStops = Self.usual.stops
  @Option(help: ArgumentHelp("Entries of logit_bias and of other lists of tokens.", valueName: "n"))
  var maxLogitBias = Self.usual.logitBiases
  @Option(help: ArgumentHelp("Texts of which one request may want vectors or scores.", valueName: "n"))
  var maxInputs = Self.usual.inputs

  @Option(help: ArgumentHelp("How long the header of a request may take to come.", valueName: "seconds"))
  var headerTimeout = Int(Self.times.header.components.seconds)
  @Option(help: ArgumentHelp("How long the body of a request may take to come.", valueName: "seconds"))
  var bodyTimeout = Int(Self.times.body.components.seconds)
  @Option(
    help: ArgumentHelp("How long a client may take nothing of what is sent to it.", valueName: "seconds"))
  var writeTimeout = Int(Self.times.writeStall.components.seconds)
  @Option(
    help: ArgumentHelp("How long it may take to make a prompt of a request.", valueName: "seconds"))
  var preparationTimeout = Int(Self.times.preparation.components.seconds)

  func validate() throws {
    let counts = [
      ("--max-json-tokens", maxJsonTokens, 1_000_000_000), ("--max-messages", maxMessages, 1_000_000),
      ("--max-tools", maxTools, 10_000), ("--max-choices", maxChoices, 1024),
      ("--max-total-choices", maxTotalChoices, 1024), ("--max-stops", maxStops, Self.usual.bedrockStops),
      ("--max-logit-bias", maxLogitBias, 1_000_000), ("--max-inputs", maxInputs, 1_000_000),
      ("--header-timeout", headerTimeout, 3600), ("--body-timeout", bodyTimeout, 3600),
      ("--write-timeout", writeTimeout, 3600), ("--preparation-timeout", preparationTimeout, 600),
    ]
    for (name, value, limit) in counts where !(1...limit).contains(value) {
      throw ValidationError("\(name) must be 1 to \(limit), not \(value)")
    }
    for (name, size) in [("--max-body", maxBody), ("--max-invocation-body", maxInvocationBody)] {
      guard size.value <= Self.largestBody.value else {
        throw ValidationError("\(name) must be at most \(Self.largestBody), not \(size)")
      }
    }
  }

  /// Sets the limits; throws where two of them, which may come from different places, do not fit.
  func apply(to configuration: inout ServerConfiguration) throws(Failure) {
    guard maxHeldBodies.value >= max(maxBody.value, maxInvocationBody.value) else {
      throw Failure("--max-held-bodies must be at least --max-body and --max-invocation-body", code: Failure.usage)
    }
    configuration.limits.bodyByteCount = maxBody.value
    configuration.limits.invocationByteCount = maxInvocationBody.value
    configuration.limits.heldBodyByteCount = maxHeldBodies.value
    configuration.limits.jsonTokens = maxJsonTokens
    configuration.limits.messages = maxMessages
    configuration.limits.tools = maxTools
    configuration.limits.choices = maxChoices
    configuration.limits.totalChoices = maxTotalChoices
    configuration.limits.stops = maxStops
    configuration.limits.logitBiases = maxLogitBias
    configuration.limits.inputs = maxInputs
    configuration.timeouts.header = .seconds(headerTimeout)
    configuration.timeouts.body = .seconds(bodyTimeout)
    configuration.timeouts.writeStall = .seconds(writeTimeout)
    configuration.timeouts.preparation = .seconds(preparationTimeout)
  }
}
