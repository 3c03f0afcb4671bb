internal import ApusGrammar

/// Numbers as Python writes very small and very large ones: d.ddd · 10ⁿ with n ≤ −5 or n ≥ 16.
///
/// The small ones are never whole numbers, and the large ones always are: they have at most 16 digits behind the point.
extension NumberLanguage {
  private static let smallest = 5
  private static let largest = 16
  /// Readers round what is beyond, 5e-444 to 0 and 1e400 to infinity, and that may not be within the same bounds.
  private static let beyond = 308
  private static var mantissa: RegularLanguage {
    .concatenation([
      .byte(ByteSet(0x31...0x39)),
      optional(.concatenation([text("."), .repetition(digit, atLeast: 1, atMost: 16)])),
    ])
  }

  private static func exponent(_ isNegative: Bool, _ value: RegularLanguage) -> RegularLanguage {
    let sign = isNegative ? text("-") : optional(text("+"))
    return .concatenation([.byte(ByteSet("eE".utf8)), sign, optional(text("0")), value])
  }

  private static func magnitudes(above least: Int) -> RegularLanguage { magnitudes(from: least + 1, below: beyond) }

  private static func magnitudes(from least: Int, below end: Int) -> RegularLanguage {
    least < end
      ? .intersection([DigitRange.greater(than: decimal(least - 1)), DigitRange.less(than: decimal(end))]) : .nothing
  }

  private static func decimal(_ value: Int) -> [UInt8] {
    value == 0 ? [] : String(value).utf8.map { $0 - 0x30 }
  }

  /// A mantissa compared with 0.d₁d₂…, read as d₁.d₂….
  private static func mantissas(_ digits: [UInt8], isGreater: Bool, isEqual: Bool) -> RegularLanguage {
    let first = digits[0]
    let rest = Array(digits.dropFirst())
    let lead = RegularLanguage.literal([0x30 + first])
    var ways: [RegularLanguage] = []
    if isEqual {
      let zeros = many(text("0"), atLeast: rest.isEmpty ? 1 : 0)
      let same = RegularLanguage.concatenation([text("."), DigitRange.exactly(rest, isWhole: false), zeros])
      ways.append(.concatenation([lead, rest.isEmpty ? optional(same) : same]))
    }
    let other = isGreater ? first + 1...10 : 1...max(first, 1)
    if other.count > 1 {
      let leads = RegularLanguage.byte(ByteSet(other.dropLast().map { 0x30 + $0 }))
      ways.append(.concatenation([leads, optional(.concatenation([text("."), many(digit, atLeast: 1)]))]))
    }
    if isGreater {
      ways.append(.concatenation([lead, text("."), DigitRange.fractionsGreater(than: rest)]))
    } else if !rest.isEmpty {
      let less = DigitRange.fractionsLess(than: rest, mayBeZero: true)
      ways.append(.concatenation([lead, optional(.concatenation([text("."), less]))]))
    }
    return .intersection([mantissa, .union(ways)])
  }

  /// All that are below 1.
  static func tiny() -> RegularLanguage {
    .concatenation([mantissa, exponent(true, magnitudes(above: smallest - 1))])
  }

  /// All that are at least 10¹⁶.
  static func huge() -> RegularLanguage {
    .concatenation([mantissa, exponent(false, magnitudes(above: largest - 1))])
  }

  static func tiny(above bound: NumberIntervals.Bound) -> RegularLanguage {
    if bound.value.isZero { return tiny() }
    // The exponent of d.ddd, with its sign taken away.
    let power = 1 - bound.value.exponent
    guard power >= smallest else { return .nothing }
    return .union([
      .concatenation([mantissa, exponent(true, magnitudes(from: smallest, below: power))]),
      .concatenation([
        mantissas(bound.value.digits, isGreater: true, isEqual: bound.isIn),
        exponent(true, .literal(String(power).utf8)),
      ]),
    ])
  }

  static func tiny(below bound: NumberIntervals.Bound) -> RegularLanguage {
    if bound.value.isZero { return .nothing }
    let power = 1 - bound.value.exponent
    guard power >= smallest else { return tiny() }
    return .union([
      .concatenation([mantissa, exponent(true, magnitudes(above: power))]),
      .concatenation([
        mantissas(bound.value.digits, isGreater: false, isEqual: bound.isIn),
        exponent(true, .literal(String(power).utf8)),
      ]),
    ])
  }

  static func huge(above bound: NumberIntervals.Bound) -> RegularLanguage {
    let power = bound.value.exponent - 1
    guard power >= largest, !bound.value.isZero else { return huge() }
    return .union([
      .concatenation([mantissa, exponent(false, magnitudes(above: power))]),
      .concatenation([
        mantissas(bound.value.digits, isGreater: true, isEqual: bound.isIn),
        exponent(false, .literal(String(power).utf8)),
      ]),
    ])
  }

  static func huge(below bound: NumberIntervals.Bound) -> RegularLanguage {
    let power = bound.value.exponent - 1
    guard power >= largest, !bound.value.isZero else { return .nothing }
    return .union([
      .concatenation([mantissa, exponent(false, magnitudes(from: largest, below: power))]),
      .concatenation([
        mantissas(bound.value.digits, isGreater: false, isEqual: bound.isIn),
        exponent(false, .literal(String(power).utf8)),
      ]),
    ])
  }
}
