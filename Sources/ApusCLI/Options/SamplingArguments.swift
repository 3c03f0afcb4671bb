internal import Apus
internal import ArgumentParser

private let defaults = SamplingOptions()

/// How each token is chosen; what is not given stays as it is.
///
/// `/set` of the chat reads the same names.
struct SamplingArguments: ParsableArguments {
  @Option(
    name: [.long, .customLong("temp")],
    help: "0 takes the most likely token every time, more is more random. (default: \(defaults.temperature))")
  var temperature: Double?

  @Option(parsing: .unconditional, help: "Keep the most likely tokens; 0 for all. (default: \(defaults.topK))")
  var topK: Int?

  @Option(help: "Keep the likeliest tokens with this much probability; 1 for all. (default: \(defaults.topP))")
  var topP: Double?

  @Option(help: "Keep tokens with this share of the best one's probability. (default: \(defaults.minP))")
  var minP: Double?

  @Option(
    name: [.long, .customLong("typical-p")],
    help: "Keep typical tokens with this much probability; 1 is off. (default: \(defaults.typicalP))")
  var typical: Double?

  @Option(
    name: [.long, .customLong("top-nsigma")], parsing: .unconditional,
    help: "Keep logits within this many standard deviations of the best; -1 is off. (default: \(defaults.topNSigma))")
  var topNSigma: Double?

  @Option(help: "Tokens that every stage leaves at least. (default: \(defaults.minimumKept))")
  var minKeep: Int?

  @Option(help: "Chance of removing the top choices. (default: \(defaults.xtcProbability))")
  var xtcProbability: Double?

  @Option(help: "Probability that makes a top choice. (default: \(defaults.xtcThreshold))")
  var xtcThreshold: Double?

  @Option(help: "Let the temperature vary by this much. (default: \(defaults.dynamicTemperatureRange))")
  var dynatempRange: Double?

  @Option(
    name: [.long, .customLong("dynatemp-exp")],
    help: "Power of the entropy in that. (default: \(defaults.dynamicTemperatureExponent))")
  var dynatempExponent: Double?

  @Option(help: "Make tokens seen less likely; 1 is off. (default: \(defaults.repetitionPenalty))")
  var repeatPenalty: Double?

  @Option(
    parsing: .unconditional,
    help: "How many last tokens the penalties look at; -1 is all. (default: \(defaults.penaltyLastN))")
  var repeatLastN: Int?

  @Option(parsing: .unconditional, help: "Penalty of tokens seen. (default: \(defaults.presencePenalty))")
  var presencePenalty: Double?

  @Option(parsing: .unconditional, help: "Penalty per time seen. (default: \(defaults.frequencyPenalty))")
  var frequencyPenalty: Double?

  @Option(help: "DRY: penalty of going on with a repetition; 0 is off. (default: \(defaults.dryMultiplier))")
  var dryMultiplier: Double?

  @Option(help: "DRY: factor for each further token. (default: \(defaults.dryBase))")
  var dryBase: Double?

  @Option(help: "DRY: repetitions shorter than this are free. (default: \(defaults.dryAllowedLength))")
  var dryAllowedLength: Int?

  @Option(
    parsing: .unconditional,
    help: "DRY: how many last tokens are searched; -1 is all. (default: \(defaults.dryPenaltyLastN))")
  var dryPenaltyLastN: Int?

  @Option(
    name: .customLong("dry-sequence-breaker"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "DRY: text that no repetition reaches across; may be repeated, 'none' for none.", valueName: "text"))
  var drySequenceBreakers: [String] = []

  @Option(help: "1 or 2 hold the surprise instead of the stages above; 0 is off. (default: \(defaults.mirostat))")
  var mirostat: Int?

  @Option(
    name: [.long, .customLong("mirostat-ent")],
    help: "Mirostat: the surprise to hold, in bits. (default: \(defaults.mirostatTau))")
  var mirostatTau: Double?

  @Option(
    name: [.long, .customLong("mirostat-lr")],
    help: "Mirostat: the learning rate. (default: \(defaults.mirostatEta))")
  var mirostatEta: Double?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Add to a token's logit, -100 to 100, or forbid it: 15043=-1.5 or 15043=-inf; may be repeated.",
      valueName: "token=bias"))
  var logitBias: [LogitBias] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      The stages that run, in order. (default: penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature)
      """,
      valueName: "names"))
  var samplers: String?

  /// Puts what was given into `options`.
  func apply(to options: inout SamplingOptions) {
    set(&options.temperature, temperature)
    set(&options.topK, topK)
    set(&options.topP, topP)
    set(&options.minP, minP)
    set(&options.typicalP, typical)
    set(&options.topNSigma, topNSigma)
    set(&options.minimumKept, minKeep)
    set(&options.xtcProbability, xtcProbability)
    set(&options.xtcThreshold, xtcThreshold)
    set(&options.dynamicTemperatureRange, dynatempRange)
    set(&options.dynamicTemperatureExponent, dynatempExponent)
    set(&options.repetitionPenalty, repeatPenalty)
    set(&options.penaltyLastN, repeatLastN)
    set(&options.presencePenalty, presencePenalty)
    set(&options.frequencyPenalty, frequencyPenalty)
    set(&options.dryMultiplier, dryMultiplier)
    set(&options.dryBase, dryBase)
    set(&options.dryAllowedLength, dryAllowedLength)
    set(&options.dryPenaltyLastN, dryPenaltyLastN)
    set(&options.mirostat, mirostat)
    set(&options.mirostatTau, mirostatTau)
    set(&options.mirostatEta, mirostatEta)
    for bias in logitBias { options.logitBias[bias.token] = bias.bias }
    if !drySequenceBreakers.isEmpty {
      options.drySequenceBreakers = drySequenceBreakers == ["none"] ? [] : drySequenceBreakers
    }
    if let samplers {
      options.order = samplers.split(separator: ";", omittingEmptySubsequences: true).map(String.init)
    }
  }

  private func set<Value>(_ field: inout Value, _ value: Value?) {
    if let value { field = value }
  }
}

/// What to add to one token's logit: `15043=-1.5`, or `15043=-inf` to forbid the token.
struct LogitBias: ExpressibleByArgument, Equatable {
  let token: Token
  let bias: Double

  /// Reads `token=bias`; nil where it is something else.
  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let token = Token(parts[0]), let bias = Double(parts[1]) else { return nil }
    self.token = token
    self.bias = bias
  }
}
