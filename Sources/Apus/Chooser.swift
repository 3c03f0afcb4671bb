package import ApusCore
package import ApusSampling

/// How one request's tokens are chosen; a pure value.
///
/// It holds nothing as large as the vocabulary but `mask`, if it has one: the rest is in the `Workspace` that each choice
/// is given, whose contents make no difference.
package struct Chooser: Sendable {
  private var sampler: Sampler
  private let topLogProbabilities: Int?
  private var constraint: TokenConstraint?
  private var filter: TokenFilter?
  /// The tokens that end the completion.
  private let ends: [Token]

  /// Chooses with `sampler`.
  ///
  /// Tells with each token how likely it and the `topLogProbabilities` most likely ones were; nil tells nothing. With a
  /// `constraint` only what fits it is chosen, and the tokens `ends` where it may end. `rules` take more away.
  package init(
    _ sampler: Sampler, topLogProbabilities: Int? = nil, constraint: TokenConstraint? = nil,
    rules: TokenRules = TokenRules(), ends: [Token] = []
  ) {
    self.sampler = sampler
    self.topLogProbabilities = topLogProbabilities
    self.constraint = constraint
    self.ends = ends
    filter = TokenFilter(rules, ends: ends)
  }

  /// Whether the constraint allows nothing more but the end.
  package var isComplete: Bool { constraint?.isComplete ?? false }

  /// Chooses the next token from its logits, one for each token of the vocabulary.
  ///
  /// Time goes with the size of the vocabulary. Throws where the logits are not usable, or no token is allowed.
  package mutating func choose(
    _ logits: Span<Float>, _ workspace: inout Workspace
  ) throws(SamplingError) -> GeneratedToken {
    if constraint != nil, workspace.mask.vocabularySize != logits.count {
      workspace.mask = TokenMask(vocabularySize: logits.count, allowingAll: false)
    }
    constraint?.fill(&workspace.mask, ends: ends)
    if let filter {
      if constraint == nil { workspace.mask = TokenMask(vocabularySize: logits.count, allowingAll: true) }
      filter.restrict(&workspace.mask, isConstrained: constraint != nil)
    }
    let mask = constraint == nil && filter == nil ? nil : workspace.mask
    let token = try sampler.next(from: logits, allowing: mask, using: &workspace)
    guard let topLogProbabilities else { return GeneratedToken(id: token) }
    return GeneratedToken(
      id: token,
      logProbabilities: try TokenLogProbabilities(of: token, in: logits, top: topLogProbabilities, &workspace))
  }

  /// Tokens that must follow, for which nothing is to be chosen; they are still to be accepted.
  ///
  /// None where probabilities are wanted, which take logits.
  package func forced() -> [Token] { topLogProbabilities == nil ? constraint?.forced() ?? [] : [] }

  /// Takes a token of the prompt into the history.
  package mutating func note(_ token: Token) { sampler.accept(token) }

  /// Takes a token of the completion.
  ///
  /// `choose` does not do this by itself: call it once for every token that joins the sequence.
  package mutating func accept(_ token: Token) {
    sampler.accept(token)
    _ = constraint?.accept(token)
    filter?.accept(token)
  }
}
