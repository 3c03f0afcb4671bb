internal import ApusGrammar

/// Runs of digits that are greater or less than a given one.
enum DigitRange {
  /// The digits of a whole part; none stand for 0.
  ///
  /// Digits behind a point are taken as they are.
  static func exactly(_ digits: [UInt8], isWhole: Bool = true) -> RegularLanguage {
    let written = digits.isEmpty && isWhole ? [0] : digits
    return .literal(written.map { 0x30 + $0 })
  }

  private static func some(_ range: ClosedRange<UInt8>) -> RegularLanguage {
    .byte(ByteSet(0x30 + range.lowerBound...0x30 + range.upperBound))
  }

  private static func exactly(count: Int) -> RegularLanguage {
    .repetition(NumberLanguage.digit, atLeast: count, atMost: count)
  }

  /// Whole parts above that of `digits`, which do not begin with 0; none are 0.
  static func greater(than digits: [UInt8]) -> RegularLanguage {
    var ways: [RegularLanguage] = [
      .concatenation([some(1...9), .repetition(NumberLanguage.digit, atLeast: digits.count, atMost: nil)])
    ]
    for (position, digit) in digits.enumerated() where digit < 9 {
      ways.append(
        .concatenation([
          exactly(Array(digits[..<position]), isWhole: false), some(digit + 1...9),
          exactly(count: digits.count - position - 1),
        ]))
    }
    return .union(ways)
  }

  /// Whole parts below that of `digits`, which do not begin with 0; none are 0.
  static func less(than digits: [UInt8]) -> RegularLanguage {
    if digits.isEmpty { return .nothing }
    var ways: [RegularLanguage] = [text("0")]
    if digits.count > 1 {
      ways.append(
        .concatenation([some(1...9), .repetition(NumberLanguage.digit, atLeast: 0, atMost: digits.count - 2)]))
    }
    for (position, digit) in digits.enumerated() {
      let least: UInt8 = position == 0 ? 1 : 0
      guard digit > least else { continue }
      ways.append(
        .concatenation([
          exactly(Array(digits[..<position]), isWhole: false), some(least...digit - 1),
          exactly(count: digits.count - position - 1),
        ]))
    }
    return .union(ways)
  }

  /// Digits behind a point that stand for more than `digits` do; the last of `digits` is not 0.
  static func fractionsGreater(than digits: [UInt8]) -> RegularLanguage {
    var ways: [RegularLanguage] = [
      .concatenation([
        exactly(digits, isWhole: false), many(text("0"), atLeast: 0), some(1...9), NumberLanguage.digits,
      ])
    ]
    for (position, digit) in digits.enumerated() where digit < 9 {
      ways.append(
        .concatenation([
          exactly(Array(digits[..<position]), isWhole: false), some(digit + 1...9), NumberLanguage.digits,
        ]))
    }
    return .union(ways)
  }

  /// Digits behind a point that stand for less than `digits` do; the last of `digits` is not 0.
  static func fractionsLess(than digits: [UInt8], mayBeZero: Bool) -> RegularLanguage {
    let nonzeroTail = RegularLanguage.concatenation([NumberLanguage.digits, some(1...9), NumberLanguage.digits])
    var ways: [RegularLanguage] = []
    for (position, digit) in digits.enumerated() {
      let prefix = digits[..<position]
      let isZeroSoFar = prefix.allSatisfy { $0 == 0 }
      // The digits end here, or go on with less.
      if position > 0, mayBeZero || !isZeroSoFar { ways.append(exactly(Array(prefix), isWhole: false)) }
      guard digit > 0 else { continue }
      let before = exactly(Array(prefix), isWhole: false)
      if mayBeZero || !isZeroSoFar {
        ways.append(.concatenation([before, some(0...digit - 1), NumberLanguage.digits]))
      } else {
        ways.append(.concatenation([before, text("0"), nonzeroTail]))
        if digit > 1 { ways.append(.concatenation([before, some(1...digit - 1), NumberLanguage.digits])) }
      }
    }
    return .union(ways)
  }
}
