public import ApusCore

/// How the next token is chosen; every field has the meaning and default that users of llama.cpp know.
public struct SamplingOptions: Sendable, Equatable {
  /// Divides the logits: 0 always takes the most likely token, 1 leaves the model's own distribution.
  public var temperature = 0.8
  /// Keeps this many of the most likely tokens; 0 is off.
  public var topK = 40
  /// Keeps the fewest most likely tokens with this much probability; 1 is off.
  public var topP = 0.95
  /// Keeps tokens with at least this share of the most likely one's probability; 0 is off.
  public var minP = 0.05
  /// Keeps the tokens whose surprise is nearest to the expected one, up to this much probability; 1 is off.
  public var typicalP = 1.0
  /// Keeps logits within this many standard deviations of the highest; −1 is off.
  public var topNSigma = -1.0
  /// How many tokens every stage that removes some leaves at least.
  public var minimumKept = 0
  /// The chance that XTC removes the top choices; 0 is off.
  public var xtcProbability = 0.0
  /// The probability that makes a token a top choice for XTC.
  public var xtcThreshold = 0.1
  /// Lets the temperature vary within ± this by the distribution's entropy; 0 is off.
  public var dynamicTemperatureRange = 0.0
  /// The power of the entropy in dynamic temperature.
  public var dynamicTemperatureExponent = 1.0
  /// How many of the last tokens the three penalties look at; 0 is off, −1 is all.
  public var penaltyLastN = 64
  /// Divides positive and multiplies negative logits of tokens seen; 1 is off.
  public var repetitionPenalty = 1.0
  /// Subtracted from a token's logit once for each time it was seen; 0 is off.
  public var frequencyPenalty = 0.0
  /// Subtracted from the logit of a token that was seen; 0 is off.
  public var presencePenalty = 0.0
  /// DRY: the penalty of a token that would go on with a repetition; 0 is off.
  public var dryMultiplier = 0.0
  /// DRY: the factor for every further token of the repetition.
  public var dryBase = 1.75
  /// DRY: repetitions shorter than this cost nothing.
  public var dryAllowedLength = 2
  /// DRY: how many of the last tokens are searched; −1 is all.
  public var dryPenaltyLastN = -1
  /// DRY: texts that no repetition reaches across.
  public var drySequenceBreakers = ["\n", ":", "\"", "*"]
  /// Mirostat 1 or 2 in place of the stages that remove tokens; 0 is off.
  public var mirostat = 0
  /// Mirostat: the surprise to hold, in bits.
  public var mirostatTau = 5.0
  /// Mirostat: the learning rate.
  public var mirostatEta = 0.1
  /// Added to the logit of a token first of all: −100 to 100, or −infinity, which forbids the token.
  public var logitBias: [Token: Double] = [:]
  /// The names of the stages that run, in order; nil is the usual order.
  public var order: [String]?
  /// The usual order.
  package static var usualOrder: [String] { SamplingStage.defaultOrder.map(\.rawValue) }

  /// The defaults.
  public init() {}

  /// The most likely token every time.
  public static var greedy: SamplingOptions {
    var options = SamplingOptions()
    options.temperature = 0
    return options
  }
}

extension SamplingOptions {
  /// True where the best token is always taken: a temperature too small for a `Float` logit to tell from 0.
  package var isGreedy: Bool { temperature < Self.smallestTemperature }

  /// Below this a difference in the last bit of an ordinary logit decides, so it counts as 0.
  static let smallestTemperature = 1e-6

  /// The stages that run, in order; throws where `order` has a name that is no stage, or one twice.
  package func stages() throws(SamplingError) -> [SamplingStage] {
    guard let order else { return SamplingStage.defaultOrder }
    return try SamplingStage.order(named: order)
  }
}
