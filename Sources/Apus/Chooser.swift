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
  private var reasoning: ReasoningSpan?
  /// The tokens that end the completion.
  private let ends: [Token]

  /// Chooses with `sampler`.
  ///
  /// Tells with each token how likely it and the `topLogProbabilities` most likely ones were; nil tells nothing. With a
  /// `constraint` only what fits it is chosen, and the tokens `ends` where it may end. `rules` take more away, and
  /// `reasoning` ends in its time, where the constraint lets it.
  package init(
    _ sampler: Sampler, topLogProbabilities: Int? = nil, constraint: TokenConstraint? = nil,
    rules: TokenRules = TokenRules(), reasoning: ReasoningSpan? = nil, ends: [Token] = []
  ) {
    self.sampler = sampler
    self.topLogProbabilities = topLogProbabilities
    self.constraint = constraint
    self.reasoning = reasoning
    self.ends = ends
    filter = TokenFilter(rules, ends: ends)
  }

  /// Whether the constraint allows nothing more but the end.
  package var isComplete: Bool { constraint?.isComplete ?? false }

  /// Tokens in which the model has thought.
  var reasoningCount: Int { reasoning?.count ?? 0 }

  /// Chooses the next token from its logits, one for each token of the vocabulary.
  ///
  /// Time goes with the size of the vocabulary. Throws where the logits are not usable, or no token is allowed.
  package mutating func choose(
    _ logits: Span<Float>, _ workspace: inout Workspace
  ) throws(SamplingError) -> GeneratedToken {
    let isMasked = mask(&workspace, vocabularySize: logits.count)
    let token = try sampler.next(from: logits, allowing: isMasked ? workspace.mask : nil, using: &workspace)
    guard let topLogProbabilities else { return GeneratedToken(id: token) }
    return GeneratedToken(
      id: token,
      logProbabilities: try TokenLogProbabilities(of: token, in: logits, top: topLogProbabilities, &workspace))
  }

  /// Makes the mask of `workspace` the tokens that may come; false where all may.
  private mutating func mask(_ workspace: inout Workspace, vocabularySize: Int) -> Bool {
    let isNarrow = reasoning?.isNarrow ?? false
    if constraint == nil {
      guard filter != nil || isNarrow else { return false }
      workspace.mask = TokenMask(vocabularySize: vocabularySize, allowingAll: true)
    } else if workspace.mask.vocabularySize != vocabularySize {
      workspace.mask = TokenMask(vocabularySize: vocabularySize, allowingAll: false)
    }
    constraint?.fill(&workspace.mask, ends: ends)
    if isNarrow { reasoning?.restrict(&workspace.mask) }
    filter?.restrict(&workspace.mask, isConstrained: constraint != nil || isNarrow)
    return true
  }

  /// Tokens that must follow, for which nothing is to be chosen; they are still to be accepted.
  ///
  /// None where probabilities are wanted, which take logits.
  package func forced() -> [Token] {
    guard topLogProbabilities == nil else { return [] }
    if let reasoning, !reasoning.forced.isEmpty, fits(reasoning.forced) { return Array(reasoning.forced) }
    return constraint?.forced() ?? []
  }

  private func fits(_ tokens: ArraySlice<Token>) -> Bool {
    guard var constraint else { return true }
    return tokens.allSatisfy { constraint.accept($0) }
  }

  /// Takes a token of the prompt into the history.
  package mutating func note(_ token: Token) { sampler.accept(token) }

  /// Takes a token of the completion.
  ///
  /// `choose` does not do this by itself: call it once for every token that joins the sequence.
  package mutating func accept(_ token: Token) {
    sampler.accept(token)
    _ = constraint?.accept(token)
    filter?.accept(token)
    reasoning?.accept(token)
  }
}
