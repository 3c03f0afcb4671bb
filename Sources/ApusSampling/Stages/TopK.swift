extension Workspace {
  /// Up to this many, one pass with a heap beats sorting the vocabulary.
  private static let largestSelection = 256

  /// Keeps the `k` candidates with the highest logits, and at least `minimum`; off for k ≤ 0.
  ///
  /// For few candidates out of a whole vocabulary the cost is one pass over the logits.
  package mutating func keepTop(_ k: Int, minimum: Int = 0) {
    guard k > 0 else { return }
    let count = max(k, minimum)
    if isWhole, count <= Self.largestSelection { return selectFromWhole(count) }
    makeList()
    guard count < entries.count else { return }
    sort()
    truncate(to: count)
  }
}
