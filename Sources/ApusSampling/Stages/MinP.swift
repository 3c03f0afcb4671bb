extension Workspace {
  /// Keeps the candidates with at least `p` times the best one's probability, and at least `minimum`; off for p ≤ 0.
  ///
  /// Min-p sampling, arXiv:2407.01082. A ratio of probabilities is a difference of logits, so no exponential is needed.
  package mutating func keepMinP(_ p: Double, minimum: Int = 0) {
    guard p > 0 else { return }
    keep(atLeast: Double(best().logit) + PortableMath.log(p), minimum: minimum)
  }
}
