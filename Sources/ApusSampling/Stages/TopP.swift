extension Workspace {
  /// Keeps the smallest set of best candidates whose probability is at least `p`, and at least `minimum`; off for p ≥ 1.
  ///
  /// Nucleus sampling, arXiv:1904.09751. No candidate less likely than (1 − p) / count can be in that set, for all such
  /// together have less than 1 − p: they go before the rest is sorted.
  package mutating func keepNucleus(_ p: Double, minimum: Int = 0) {
    guard p < 1 else { return }
    let total = weigh()
    if order != .byRank {
      let cutoff = (1 - p) / Double(entries.count) * total * (1 - 1e-9)
      keep(atLeast: Double(best().logit) + PortableMath.log(cutoff), minimum: minimum)
      sort()
      _ = weigh()
    }
    var sum = 0.0
    for (index, weight) in weights.enumerated() {
      sum += weight
      if sum >= p * total, index + 1 >= minimum { return truncate(to: index + 1) }
    }
  }
}
