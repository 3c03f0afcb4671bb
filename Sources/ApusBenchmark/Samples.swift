/// Measurements of one thing, and what can be said about them.
package struct Samples: Sendable, Equatable {
  /// In the order in which they were taken.
  package let values: [Double]

  /// - Precondition: There is at least one value.
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "nothing was measured")
    self.values = values
  }

  package var median: Double { Self.median(values) }
  package var minimum: Double { values.min() ?? 0 }
  package var maximum: Double { values.max() ?? 0 }

  /// The median distance from the median, as a share of the median.
  package var relativeDeviation: Double {
    let median = median
    return median == 0 ? 0 : Self.median(values.map { abs($0 - median) }) / abs(median)
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}

extension Duration {
  /// The duration as a number of seconds.
  package var inSeconds: Double { self / .seconds(1) }
}
