/// How the next token is chosen from the logits; every field has a default, and a value that turns it off.
///
/// The names, meanings and defaults are those that users of llama.cpp know. `validated(maximumTemperature:)` gives the
/// ranges.
package struct SamplingParameters: Sendable, Equatable {
  /// Added to the logit of a token before anything else: from −100 to 100, or −infinity, which forbids the token.
  package var logitBias: [Int32: Double] = [:]
  /// The stages that run, in this order; a stage that is not listed does not run.
  package var stages = SamplingStage.defaultOrder
  /// How many candidates every truncating stage leaves at least; one always remains.
  package var minimumKept = 0

  /// Divides the logits: 0 is greedy (the best token, whatever other stages say), 1 leaves them as they are.
  package var temperature = 0.8
  /// Dynamic temperature: within ± this of `temperature`, by the entropy of the candidates; 0 is off.
  package var dynamicTemperatureRange = 0.0
  /// Dynamic temperature: the power of the normalized entropy.
  package var dynamicTemperatureExponent = 1.0

  /// Keeps this many of the best candidates; 0 or −1 is off.
  package var topK = 40
  /// Keeps the smallest set of best candidates with this much probability; 1 is off.
  package var topP = 0.95
  /// Keeps the candidates with at least this share of the best one's probability; 0 is off.
  package var minP = 0.05
  /// Keeps the candidates whose surprise is nearest to the expected one, up to this much probability; 1 is off.
  package var typicalP = 1.0
  /// Keeps logits within this many standard deviations of the best; 0 or −1 is off.
  package var topNSigma = -1.0
  /// The chance that XTC removes the top choices of a token; 0 is off.
  package var xtcProbability = 0.0
  /// The probability that makes a candidate a top choice for XTC; above 0.5 is off.
  package var xtcThreshold = 0.1

  /// How many of the last tokens the three penalties look at; 0 is off, −1 is all.
  package var penaltyLastN = 64
  /// Divides positive and multiplies negative logits of tokens seen; 1 is off.
  package var repeatPenalty = 1.0
  /// Subtracted from the logit of a token once for each time it was seen; 0 is off.
  package var frequencyPenalty = 0.0
  /// Subtracted from the logit of a token that was seen; 0 is off.
  package var presencePenalty = 0.0

  /// DRY: the penalty of a token that would extend a repetition of the allowed length; 0 is off.
  package var dryMultiplier = 0.0
  /// DRY: the factor for every further token of the repetition.
  package var dryBase = 1.75
  /// DRY: repetitions shorter than this cost nothing.
  package var dryAllowedLength = 2
  /// DRY: how many of the last tokens are searched; 0 is off, −1 is all.
  package var dryPenaltyLastN = -1
  /// DRY: token sequences that no repetition reaches across (the caller makes them from text).
  package var drySequenceBreakers: [[Int32]] = []

  /// Mirostat 1 or 2 in place of the truncating stages; 0 is off.
  package var mirostat = 0
  /// Mirostat: the surprise to hold, in bits.
  package var mirostatTau = 5.0
  /// Mirostat: the learning rate.
  package var mirostatEta = 0.1

  /// The defaults.
  package init() {}

  /// True where the best token is always taken: a temperature too small for a `Float` logit to tell from 0.
  package var isGreedy: Bool { temperature < Self.smallestTemperature }

  /// Below this a difference in the last bit of an ordinary logit decides, so it counts as 0.
  static let smallestTemperature = 1e-6
}
