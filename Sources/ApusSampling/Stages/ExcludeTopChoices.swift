extension Workspace {
  /// Where two or more candidates have at least `threshold` of the probability, removes all of those but the last.
  ///
  /// XTC, after its description by p-e-w in text-generation-webui pull request 6335. Whether it acts on a token at all is
  /// for the caller to draw. It does nothing where fewer than `minimum` would be left, or for a threshold above 0.5,
  /// which two candidates cannot both reach.
  package mutating func excludeTopChoices(threshold: Double, minimum: Int = 0) {
    guard threshold <= 0.5 else { return }
    sort()
    let total = weigh()
    let choices = weights.firstIndex { $0 / total < threshold } ?? weights.count
    guard choices >= 2, entries.count - (choices - 1) >= minimum else { return }
    entries.removeFirst(choices - 1)
  }
}
