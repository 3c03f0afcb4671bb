package import ApusCore

/// What a step brought for one part of its batch.
package enum Verdict: Sendable, Equatable {
  /// Keys and values of its rows, and no more.
  case chunk
  /// These tokens, which join the sequence in this order; it is over where there is an ending.
  case tokens([Token], Ending?)
  /// The vector or the scores of the whole sequence, as pooled: it is over.
  case vector([Float])
  /// The step failed for it: it is over, and its keys and values are not used again.
  case failed(ApusError)
}

/// How a completion ended.
package struct Ending: Sendable, Equatable {
  package let reason: FinishReason
  /// What made it stop, where `reason` is `stop`.
  package let stop: StopReason?

  package init(_ reason: FinishReason) { (self.reason, stop) = (reason, nil) }

  /// Whether a token ended it that did not join it.
  var isByToken: Bool {
    switch stop {
    case .endOfGeneration, .stopToken: true
    case .stopText, .outputComplete, nil: false
    }
  }

  /// It stopped because of `stop`.
  package init(_ stop: StopReason) { (reason, self.stop) = (.stop, stop) }
}
