extension Workspace {
  /// Keeps the logits that are at least the best one less `n` standard deviations of all; off for n ≤ 0.
  ///
  /// Top-nσ, arXiv:2411.07641. The deviation is that of the candidates' logits, divided by their number.
  package mutating func keepWithinSigmas(_ n: Double, minimum: Int = 0) {
    guard n > 0 else { return }
    let highest = Double(best().logit)
    // Distances from the best one, so that large logits lose no digits.
    var sum = 0.0
    for entry in entries { sum += highest - Double(entry.logit) }
    let mean = sum / Double(entries.count)
    var squares = 0.0
    for entry in entries {
      let difference = highest - Double(entry.logit) - mean
      squares += difference * difference
    }
    let deviation = (squares / Double(entries.count)).squareRoot()
    keep(atLeast: highest - n * deviation, minimum: minimum)
  }
}
