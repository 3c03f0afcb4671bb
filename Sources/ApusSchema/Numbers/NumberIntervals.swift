/// A set of numbers that is a union of intervals.
struct NumberIntervals: Hashable {
  /// Disjoint, none of them empty, in rising order, with a gap between any two.
  private(set) var intervals: [Interval]

  /// Numbers between two ends, which may be without end.
  struct Interval: Hashable {
    var lower: Bound?
    var upper: Bound?

    var isEmpty: Bool {
      guard let lower, let upper else { return false }
      return lower.value > upper.value || (lower.value == upper.value && !(lower.isIn && upper.isIn))
    }
  }

  /// An end, and whether it belongs to the set.
  struct Bound: Hashable {
    var value: DecimalNumber
    var isIn = true
  }

  static let none = NumberIntervals(intervals: [])
  static let all = NumberIntervals(intervals: [Interval()])

  init(_ interval: Interval) { intervals = interval.isEmpty ? [] : [interval] }
  private init(intervals: [Interval]) { self.intervals = intervals }

  /// Single numbers.
  init(_ values: [DecimalNumber]) {
    intervals = Set(values).sorted().map { Interval(lower: Bound(value: $0), upper: Bound(value: $0)) }
  }

  var isEmpty: Bool { intervals.isEmpty }

  func intersection(_ other: NumberIntervals) -> NumberIntervals {
    if self == .all || self == other { return other }
    if other == .all { return self }
    var both: [Interval] = []
    var (mine, its) = (0, 0)
    while mine < intervals.count, its < other.intervals.count {
      let (a, b) = (intervals[mine], other.intervals[its])
      let upper = Self.tighter(a.upper, b.upper) { $0 < $1 }
      let common = Interval(lower: Self.tighter(a.lower, b.lower) { $0 > $1 }, upper: upper)
      if !common.isEmpty { both.append(common) }
      if a.upper == upper { mine += 1 }
      if b.upper == upper { its += 1 }
    }
    return NumberIntervals(intervals: both)
  }

  /// The tighter one of two ends of one side.
  private static func tighter(
    _ a: Bound?, _ b: Bound?, _ isTighter: (DecimalNumber, DecimalNumber) -> Bool
  ) -> Bound? {
    guard let a, let b else { return a ?? b }
    if a.value == b.value { return a.isIn ? b : a }
    return isTighter(a.value, b.value) ? a : b
  }

  var complement: NumberIntervals {
    var rest: [Interval] = []
    var lower: Bound?
    for (index, interval) in intervals.enumerated() {
      if index > 0 || interval.lower != nil {
        let gap = Interval(lower: lower, upper: interval.lower.map { Bound(value: $0.value, isIn: !$0.isIn) })
        if !gap.isEmpty { rest.append(gap) }
      }
      guard let upper = interval.upper else { return NumberIntervals(intervals: rest) }
      lower = Bound(value: upper.value, isIn: !upper.isIn)
    }
    return NumberIntervals(intervals: rest + [Interval(lower: lower)])
  }

  func union(_ other: NumberIntervals) -> NumberIntervals {
    if isEmpty { return other }
    if other.isEmpty || self == other { return self }
    return complement.intersection(other.complement).complement
  }

  func contains(_ value: DecimalNumber) -> Bool {
    !intersection(NumberIntervals(Interval(lower: Bound(value: value), upper: Bound(value: value)))).isEmpty
  }

  /// Whether a whole number is in it, or may be: false is certain.
  var mayHaveInteger: Bool {
    intervals.contains { interval in
      guard let lower = interval.lower, let upper = interval.upper, !lower.value.isNegative else { return true }
      if lower.isIn && lower.value.isInteger || upper.isIn && upper.value.isInteger { return true }
      return lower.value.nextInteger < upper.value
    }
  }
}

extension DecimalNumber {
  /// The whole part, without its fraction.
  var towardZero: DecimalNumber { DecimalNumber(isNegative: isNegative, digits: wholeDigits, exponent: exponent) }

  /// The least whole number above this one, which is not negative.
  fileprivate var nextInteger: DecimalNumber {
    var digits = [0] + wholeDigits
    var position = digits.count - 1
    while digits[position] == 9 {
      digits[position] = 0
      position -= 1
    }
    digits[position] += 1
    return DecimalNumber(digits: digits, exponent: digits.count)
  }
}
