internal import ApusCore

/// The three penalties on tokens seen: repetition, presence, frequency.
///
/// Repetition is that of CTRL (arXiv:1909.05858), which divides a logit; a negative one is multiplied instead, as all
/// users of the parameter expect. Presence and frequency are subtracted, as OpenAI documents them.
struct Penalties: Sendable {
  let repetition: Double
  let presence: Double
  let frequency: Double

  /// The penalties of `options`, nil where they change nothing.
  init?(_ options: SamplingOptions) {
    repetition = options.repetitionPenalty
    presence = options.presencePenalty
    frequency = options.frequencyPenalty
    let isNeutral = repetition == 1 && presence == 0 && frequency == 0
    guard options.penaltyLastN != 0, !isNeutral else { return nil }
  }

  /// The logit of a token that was seen `count` times, at least once.
  func apply(to logit: Double, count: Int) -> Double {
    let scaled = logit > 0 ? logit / repetition : logit * repetition
    return scaled - Double(count) * frequency - presence
  }
}

extension Workspace {
  /// Applies the penalties to every token that `counts` holds.
  mutating func penalize(_ counts: [Token: Int], with penalties: Penalties) {
    adjust(counts) { logit, count in penalties.apply(to: logit, count: count) }
  }
}
