internal import ApusGrammar

/// How numbers are written.
///
/// Languages are made when they are asked for: kept as constants, their memory would look lost to a leak checker, which
/// does not see through the tags in an enumeration's pointers.
///
/// Any number may be written in every way that JSON has. Where only some numbers fit, they are written as decimals, also with
/// zeros at their end, or as Python writes very small and very large ones: 1.5e-07, 1e+16.
enum NumberLanguage {
  static var digit: RegularLanguage { RegularLanguage.byte(ByteSet(0x30...0x39)) }
  static var digits: RegularLanguage { many(digit, atLeast: 0) }
  private static var nonzero: RegularLanguage { RegularLanguage.byte(ByteSet(0x31...0x39)) }
  private static var zeros: RegularLanguage { many(text("0"), atLeast: 0) }
  /// A whole part as JSON has it.
  private static var whole: RegularLanguage { RegularLanguage.union([text("0"), .concatenation([nonzero, digits])]) }
  static var pointZeros: RegularLanguage { optional(.concatenation([text("."), many(text("0"), atLeast: 1)])) }

  /// Any number, as JSON has it.
  static var any: RegularLanguage {
    .concatenation([
      optional(text("-")), whole, optional(.concatenation([text("."), many(digit, atLeast: 1)])),
      optional(
        .concatenation([
          .byte(ByteSet("eE".utf8)), optional(.byte(ByteSet("+-".utf8))), many(digit, atLeast: 1),
        ])),
    ])
  }

  /// Any whole number.
  static var anyInteger: RegularLanguage { RegularLanguage.concatenation([optional(text("-")), whole, pointZeros]) }

  /// Numbers that every reader takes: no longer than some hundred digits, and not beyond a double.
  static var short: RegularLanguage {
    func digits(_ most: Int) -> RegularLanguage { .repetition(digit, atLeast: 1, atMost: most) }
    let exponent = RegularLanguage.concatenation([
      .byte(ByteSet("eE".utf8)), optional(.byte(ByteSet("+-".utf8))), digits(2),
    ])
    return .concatenation([
      optional(text("-")), digits(200), optional(.concatenation([text("."), digits(200)])), optional(exponent),
    ])
  }

  /// Whatever has no point and no exponent.
  static var withoutPoint: RegularLanguage { .concatenation([optional(text("-")), many(digit, atLeast: 1)]) }

  /// The numbers of a piece without multiples.
  static func plain(_ piece: NumberSet.Piece) -> RegularLanguage {
    if piece.integers == .all, piece.fractions == .all { return any }
    if piece.integers == .all, piece.fractions.isEmpty { return anyInteger }
    if piece.integers == piece.fractions {
      return .union(piece.integers.intervals.map { numbers($0, .any) })
    }
    let (integers, otherIntegers) = points(piece.integers)
    let (fractions, otherFractions) = points(piece.fractions)
    return .union(
      [.concatenation([integers, pointZeros]), .concatenation([fractions, zeros])]
        + otherIntegers.map { numbers($0, .integers) } + otherFractions.map { numbers($0, .fractions) })
  }

  /// Single numbers, of a size that is written without an exponent, and the intervals that are more than that.
  private static func points(
    _ intervals: NumberIntervals
  ) -> (points: RegularLanguage, others: [NumberIntervals.Interval]) {
    var points: [[UInt8]] = []
    var others: [NumberIntervals.Interval] = []
    for interval in intervals.intervals {
      if let value = interval.lower?.value, value == interval.upper?.value, !value.isZero,
        (-3...16).contains(value.exponent)
      {
        points.append(value.text)
      } else {
        others.append(interval)
      }
    }
    return (ByteTrie.language(of: points), others)
  }

  private enum Kind { case any, integers, fractions }

  private static func numbers(_ interval: NumberIntervals.Interval, _ kind: Kind) -> RegularLanguage {
    var parts: [RegularLanguage] = []
    // The part from 0 up, and the part below 0 with its sign taken away.
    if interval.upper.map({ !$0.value.isNegative }) ?? true {
      let lower = interval.lower.flatMap { $0.value.isNegative ? nil : $0 }
      parts.append(magnitudes(lower, interval.upper, kind))
    }
    if interval.lower.map({ $0.value.isNegative || $0.value.isZero && $0.isIn }) ?? true {
      let upper = interval.lower.map { NumberIntervals.Bound(value: $0.value.negated, isIn: $0.isIn) }
      let lower = interval.upper.flatMap { bound -> NumberIntervals.Bound? in
        if bound.value.isZero { return bound }
        return bound.value.isNegative ? NumberIntervals.Bound(value: bound.value.negated, isIn: bound.isIn) : nil
      }
      parts.append(.concatenation([text("-"), magnitudes(lower, upper, kind)]))
    }
    return parts.count == 1 ? parts[0] : .union(parts)
  }

  /// Decimals without a sign between two ends.
  private static func magnitudes(
    _ lower: NumberIntervals.Bound?, _ upper: NumberIntervals.Bound?, _ kind: Kind
  ) -> RegularLanguage {
    var all: [RegularLanguage] = []
    if let lower, !(lower.value.isZero && lower.isIn) { all.append(above(lower, kind)) }
    if let upper { all.append(below(upper, kind)) }
    if all.isEmpty { all = [decimals(kind)] }
    return all.count == 1 ? all[0] : .intersection(all)
  }

  private static func decimals(_ kind: Kind) -> RegularLanguage {
    switch kind {
    case .integers: .concatenation([whole, pointZeros])
    case .fractions: .union([.concatenation([whole, text("."), digits, nonzero, zeros]), tiny()])
    case .any:
      .union([
        .concatenation([whole, optional(.concatenation([text("."), many(digit, atLeast: 1)]))]), tiny(), huge(),
      ])
    }
  }

  private static func above(_ bound: NumberIntervals.Bound, _ kind: Kind) -> RegularLanguage {
    let whole = bound.value.wholeDigits
    let fraction = bound.value.fractionDigits
    let more = tail(kind)
    var ways: [RegularLanguage] = [.concatenation([DigitRange.greater(than: whole), more])]
    if let same = fractions(comparedWith: fraction, isGreater: true, isEqual: bound.isIn, kind) {
      ways.append(.concatenation([DigitRange.exactly(whole), same]))
    }
    if kind != .integers { ways.append(tiny(above: bound)) }
    if kind == .any { ways.append(huge(above: bound)) }
    return .union(ways)
  }

  private static func below(_ bound: NumberIntervals.Bound, _ kind: Kind) -> RegularLanguage {
    let whole = bound.value.wholeDigits
    let fraction = bound.value.fractionDigits
    var ways: [RegularLanguage] = [.concatenation([DigitRange.less(than: whole), tail(kind)])]
    if let same = fractions(comparedWith: fraction, isGreater: false, isEqual: bound.isIn, kind) {
      ways.append(.concatenation([DigitRange.exactly(whole), same]))
    }
    if kind != .integers { ways.append(tiny(below: bound)) }
    if kind == .any { ways.append(huge(below: bound)) }
    return .union(ways)
  }

  /// What may follow a whole part.
  private static func tail(_ kind: Kind) -> RegularLanguage {
    switch kind {
    case .integers: pointZeros
    case .fractions: .concatenation([text("."), digits, nonzero, zeros])
    case .any: optional(.concatenation([text("."), many(digit, atLeast: 1)]))
    }
  }

  /// What may follow the whole part of a bound, so that the number is greater or less than it, or equal.
  private static func fractions(
    comparedWith fraction: [UInt8], isGreater: Bool, isEqual: Bool, _ kind: Kind
  ) -> RegularLanguage? {
    if kind == .integers {
      // A whole number is below any number with the same whole part and a fraction.
      return fraction.isEmpty ? (isEqual ? pointZeros : nil) : (isGreater ? nil : pointZeros)
    }
    var ways: [RegularLanguage] = []
    if isEqual {
      if !fraction.isEmpty {
        ways.append(.concatenation([text("."), DigitRange.exactly(fraction, isWhole: false), zeros]))
      } else if kind == .any {
        ways.append(pointZeros)
      }
    }
    let isIntegerToo = kind == .any
    if isGreater {
      ways.append(.concatenation([text("."), DigitRange.fractionsGreater(than: fraction)]))
    } else if !fraction.isEmpty {
      let less = DigitRange.fractionsLess(than: fraction, mayBeZero: isIntegerToo)
      ways.append(.concatenation([text("."), less]))
      if isIntegerToo { ways.append(.empty) }
    }
    return ways.isEmpty ? nil : .union(ways)
  }
}

/// `text` itself.
func text(_ text: StaticString) -> RegularLanguage { .literal(text.description.utf8) }

/// One of it or nothing.
func optional(_ language: RegularLanguage) -> RegularLanguage { .repetition(language, atLeast: 0, atMost: 1) }

/// Any number of it, one after the other.
func many(_ language: RegularLanguage, atLeast: Int) -> RegularLanguage {
  .repetition(language, atLeast: atLeast, atMost: nil)
}
