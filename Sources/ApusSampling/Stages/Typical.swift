internal import ApusCore

extension Workspace {
  /// Keeps the candidates whose surprise is nearest to the entropy, until they have more than `p` of the probability.
  ///
  /// Locally typical sampling, arXiv:2202.00666. Equal distances go to the candidate that stands first; at least
  /// `minimum` are kept; off for p ≥ 1.
  package mutating func keepTypical(_ p: Double, minimum: Int = 0) {
    guard p < 1 else { return }
    sort()
    let total = weigh()
    let expected = entropy(total)
    rankPositions(by: expected - PortableMath.log(total))
    var sum = 0.0
    for (rank, position) in positions.enumerated() {
      sum += weights[Int(position.token)]
      guard sum > p * total, rank + 1 >= minimum else { continue }
      return keepPositions(rank + 1)
    }
  }

  /// Fills `positions` with those of the list, nearest first to the position of the given distance from the best logit.
  private mutating func rankPositions(by expected: Double) {
    let highest = Double(entries[0].logit)
    positions.removeAll(keepingCapacity: true)
    for (index, entry) in entries.enumerated() {
      let distance = abs(highest - Double(entry.logit) - expected)
      positions.append(Candidate(token: Token(index), logit: -Self.finite(distance)))
    }
    sorter.sort(&positions, byToken: true)
  }

  /// Keeps the entries at the first `count` positions.
  private mutating func keepPositions(_ count: Int) {
    positions.removeLast(positions.count - count)
    for index in positions.indices { positions[index] = entries[Int(positions[index].token)] }
    swap(&entries, &positions)
    order = .none
    sort()
  }

  /// The entropy of the candidates in nats, after `weigh()` gave `total`; the list must be sorted.
  func entropy(_ total: Double) -> Double {
    var sum = 0.0
    for (index, weight) in weights.enumerated() where weight > 0 {
      sum += weight * (Double(entries[0].logit) - Double(entries[index].logit))
    }
    return PortableMath.log(total) + sum / total
  }
}
