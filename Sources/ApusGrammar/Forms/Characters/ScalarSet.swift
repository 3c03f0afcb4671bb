/// A set of Unicode scalars: characters, as patterns and grammars count them; surrogates are none.
package struct ScalarSet: Hashable, Sendable {
  /// Rising ranges that neither overlap nor touch.
  package let ranges: [ClosedRange<UInt32>]

  /// The scalars of `ranges`, which may come in any order and overlap; surrogates in them, and what is beyond 10FFFF, are left out.
  package init(_ ranges: [ClosedRange<UInt32>]) {
    self.init(anyOrder: ranges.flatMap(Self.withoutSurrogates))
  }

  /// One scalar.
  package init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

  private init(anyOrder ranges: [ClosedRange<UInt32>]) {
    var merged: [ClosedRange<UInt32>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    self.ranges = merged
  }

  /// All scalars.
  package static let all = ScalarSet([0...0x10FFFF])
  /// None.
  package static let none = ScalarSet([])

  /// Its scalar, where it has one only.
  package var only: Unicode.Scalar? {
    guard ranges.count == 1, ranges[0].count == 1 else { return nil }
    return Unicode.Scalar(ranges[0].lowerBound)
  }

  /// Whether it has no scalar.
  package var isEmpty: Bool { ranges.isEmpty }

  /// Whether `scalar` is in it.
  package func contains(_ scalar: Unicode.Scalar) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar.value { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(scalar.value)
  }

  /// All scalars that are not in it.
  package var inverted: ScalarSet {
    var gaps: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
    return ScalarSet(gaps)
  }

  /// The scalars of either.
  package func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(anyOrder: ranges + other.ranges) }

  /// The scalars of both.
  package func intersection(_ other: ScalarSet) -> ScalarSet {
    var common: [ClosedRange<UInt32>] = []
    var (mine, its) = (0, 0)
    while mine < ranges.count, its < other.ranges.count {
      let (a, b) = (ranges[mine], other.ranges[its])
      if a.overlaps(b) { common.append(a.clamped(to: b)) }
      if a.upperBound < b.upperBound { mine += 1 } else { its += 1 }
    }
    return ScalarSet(anyOrder: common)
  }

  /// The scalars of this one that are not in `other`.
  package func subtracting(_ other: ScalarSet) -> ScalarSet { intersection(other.inverted) }

  /// UTF-8 has no bytes for surrogates (D800 to DFFF).
  private static func withoutSurrogates(_ range: ClosedRange<UInt32>) -> [ClosedRange<UInt32>] {
    [0...0xD7FF, 0xE000...0x10FFFF].filter(range.overlaps).map(range.clamped)
  }
}
