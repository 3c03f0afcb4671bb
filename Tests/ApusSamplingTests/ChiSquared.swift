internal import Testing

/// The test of Pearson: whether counts follow the probabilities that they should.
enum ChiSquared {
  /// How many standard deviations the statistic is from its expectation, by the cube root of Wilson and Hilferty.
  ///
  /// Cells with an expectation below 5 are put together.
  static func deviation(of counts: [Int], from probabilities: [Double]) -> Double {
    let total = Double(counts.reduce(0, +))
    var statistic = 0.0
    var cells = 0
    var (restCount, restExpected) = (0.0, 0.0)
    for (count, probability) in zip(counts, probabilities) {
      let expected = probability * total
      guard expected >= 5 else {
        restCount += Double(count)
        restExpected += expected
        continue
      }
      statistic += (Double(count) - expected) * (Double(count) - expected) / expected
      cells += 1
    }
    if restExpected > 0 {
      statistic += (restCount - restExpected) * (restCount - restExpected) / restExpected
      cells += 1
    }
    let freedom = Double(max(cells - 1, 1))
    let spread = 2 / (9 * freedom)
    return (cubeRoot(statistic / freedom) - (1 - spread)) / spread.squareRoot()
  }

  /// The cube root by Newton's method, which falls monotonically from a start above the root.
  private static func cubeRoot(_ value: Double) -> Double {
    guard value > 0 else { return 0 }
    var root = max(value, 1)
    for _ in 0..<200 { root -= (root * root * root - value) / (3 * root * root) }
    return root
  }

  /// Expects that `counts` follow `probabilities`: not too far from them (p > 0.0005), and not too near (p < 0.9999).
  static func expect(
    _ counts: [Int], follow probabilities: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let deviation = deviation(of: counts, from: probabilities)
    #expect(deviation < 3.29, "counts \(counts) for \(probabilities)", sourceLocation: sourceLocation)
    #expect(deviation > -3.72, "suspiciously even", sourceLocation: sourceLocation)
    for (count, probability) in zip(counts, probabilities) where probability == 0 {
      #expect(count == 0, sourceLocation: sourceLocation)
    }
  }
}
