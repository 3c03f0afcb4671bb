internal import ApusJSON

/// A decimal number, exactly: 0.d₁d₂… · 10ᵉ.
struct DecimalNumber: Hashable, Comparable {
  let isNegative: Bool
  /// Without zeros at either end; none for 0.
  let digits: [UInt8]
  let exponent: Int

  static let zero = DecimalNumber(digits: [], exponent: 0)

  init(isNegative: Bool = false, digits: some Sequence<UInt8>, exponent: Int) {
    let all = Array(digits)
    let leading = all.prefix { $0 == 0 }.count
    let trailing = all.reversed().prefix { $0 == 0 }.count
    guard leading < all.count else {
      (self.isNegative, self.digits, self.exponent) = (false, [], 0)
      return
    }
    self.isNegative = isNegative
    self.digits = Array(all[leading..<all.count - trailing])
    self.exponent = exponent - leading
  }

  /// The number that a JSON value is; nil if it is none.
  init?(_ value: JSONValue) {
    switch value {
    case .int(let value): self.init(text: String(value))
    case .unsigned(let value): self.init(text: String(value))
    case .double(let value) where value.isFinite: self.init(text: value.description)
    default: return nil
    }
  }

  /// Reads what Swift writes for a number.
  private init(text: String) {
    var digits: [UInt8] = []
    var exponent = 0
    var isNegative = false
    var hasPoint = false
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "."): hasPoint = true
      case UInt8(ascii: "e"):
        exponent += Int(Substring(rest)) ?? 0
        rest = rest[rest.endIndex...]
      default:
        digits.append(byte - UInt8(ascii: "0"))
        if !hasPoint { exponent += 1 }
      }
    }
    self.init(isNegative: isNegative, digits: digits, exponent: exponent)
  }

  var isZero: Bool { digits.isEmpty }
  var isInteger: Bool { exponent >= digits.count }
  /// How many digits it has behind the point.
  var scale: Int { max(0, digits.count - exponent) }
  var magnitude: DecimalNumber { DecimalNumber(digits: digits, exponent: exponent) }
  var negated: DecimalNumber { DecimalNumber(isNegative: !isNegative, digits: digits, exponent: exponent) }

  /// The digits before the point; none below 1.
  var wholeDigits: [UInt8] {
    guard exponent > 0 else { return [] }
    let known = digits.prefix(exponent)
    return known + Array(repeating: 0, count: exponent - known.count)
  }

  /// The digits behind the point; the last one is not 0.
  var fractionDigits: [UInt8] {
    guard !isInteger else { return [] }
    return exponent >= 0 ? Array(digits.dropFirst(exponent)) : Array(repeating: 0, count: -exponent) + digits
  }

  /// As a decimal without an exponent.
  var text: [UInt8] {
    let whole = wholeDigits.isEmpty ? [0] : wholeDigits
    let fraction = fractionDigits.isEmpty ? [] : [UInt8(ascii: ".")] + fractionDigits.map { $0 + 0x30 }
    return (isNegative ? [UInt8(ascii: "-")] : []) + whole.map { $0 + 0x30 } + fraction
  }

  /// This times 10ⁿ, where that is a whole number that `Int` holds.
  func scaled(by power: Int) -> Int? {
    let scaled = DecimalNumber(isNegative: isNegative, digits: digits, exponent: digits.isEmpty ? 0 : exponent + power)
    guard scaled.isInteger, scaled.exponent < 19 else { return nil }
    let magnitude = scaled.wholeDigits.reduce(0) { $0 * 10 + Int($1) }
    return isNegative ? -magnitude : magnitude
  }

  static func < (a: DecimalNumber, b: DecimalNumber) -> Bool {
    if a.isNegative != b.isNegative { return a.isNegative }
    if a.isNegative { return b.negated < a.negated }
    if a.isZero || b.isZero { return a.isZero && !b.isZero }
    if a.exponent != b.exponent { return a.exponent < b.exponent }
    return a.digits.lexicographicallyPrecedes(b.digits)
  }
}
