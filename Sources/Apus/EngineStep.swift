/// One step of an engine, as an observer is told of it.
package struct EngineStep: Sendable, Equatable {
  /// What its rows were of.
  package enum Kind: String, Sendable, CaseIterable {
    /// Prompts alone.
    case prefill
    /// The last tokens of sequences, and proposed ones.
    case decode
    /// Both.
    case mixed
  }

  package let kind: Kind
  /// How long it took, with choosing tokens.
  package let duration: Duration
  /// For each request that got its first token: the time since it was submitted.
  package private(set) var firstTokens: [Duration] = []
  /// For each further token: the time since the one before.
  ///
  /// Where a step brings a request several, they share it evenly.
  package private(set) var furtherTokens: [Duration] = []

  init(_ batch: ScheduledBatch, took duration: Duration) {
    self.duration = duration
    let decodeRows = batch.decodeRows + batch.proposedRows
    kind = decodeRows == 0 ? .prefill : decodeRows == batch.tokens.count ? .decode : .mixed
  }

  /// Takes note of tokens that a request got.
  mutating func note(_ tokens: Int, of generation: Generation, at time: ContinuousClock.Instant) {
    guard tokens > 0 else { return }
    let (waited, isFirst) = generation.noteTokens(at: time)
    if isFirst { firstTokens.append(waited) }
    let further = isFirst ? tokens - 1 : tokens
    furtherTokens += repeatElement(isFirst ? .zero : waited / further, count: further)
  }
}

/// Is told what an engine has done since its start, after each step and whenever requests end; the step is nil where there
/// was none.
///
/// Called on the thread that computes, so it must return at once, and on those of callers whose requests are refused.
package typealias EngineObserver = @Sendable (EngineMetrics, EngineStep?) -> Void
