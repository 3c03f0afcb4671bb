package import ApusCore
package import ApusSampling

/// How one request's tokens are chosen; a pure value.
///
/// It holds nothing as large as the vocabulary but `mask`, if it has one: the rest is in the `Workspace` that each choice
/// is given, whose contents make no difference.
package struct Chooser: Sendable {
  /// The tokens that may come next; nil allows all.
  package var mask: TokenMask?
  private var sampler: Sampler
  private let topLogProbabilities: Int?

  /// Chooses with `sampler`, and tells with each token how likely it and the `topLogProbabilities` most likely ones were;
  /// nil tells nothing.
  package init(_ sampler: Sampler, topLogProbabilities: Int? = nil) {
    self.sampler = sampler
    self.topLogProbabilities = topLogProbabilities
  }

  /// Chooses the next token from its logits, one for each token of the vocabulary.
  ///
  /// Time goes with the size of the vocabulary. Throws where the logits are not usable, or no token is allowed.
  package mutating func choose(
    _ logits: Span<Float>, _ workspace: inout Workspace
  ) throws(SamplingError) -> GeneratedToken {
    let token = try sampler.next(from: logits, allowing: mask, using: &workspace)
    guard let topLogProbabilities else { return GeneratedToken(id: token) }
    return GeneratedToken(
      id: token,
      logProbabilities: try TokenLogProbabilities(of: token, in: logits, top: topLogProbabilities, &workspace))
  }

  /// Takes a token of the prompt or the completion into the history.
  ///
  /// `choose` does not do this by itself: call it once for every token that joins the sequence.
  package mutating func accept(_ token: Token) { sampler.accept(token) }
}
