/// The exact decimal expansion of a finite double, for rounding as C and Python do: correctly, ties to even.
struct ExactDecimal {
  /// Decimal digits, the most significant first, without leading zeros except a single 0.
  private(set) var digits: [UInt8]
  /// The power of ten of the first digit.
  private(set) var exponent: Int

  /// Expands |value|: at most 1,075 digits after the point and 309 before.
  init(_ value: Double) {
    let magnitude = value.magnitude
    guard magnitude > 0, magnitude.isFinite else {
      (digits, exponent) = ([0], 0)
      return
    }
    var significand = magnitude.significandBitPattern
    var power = Int(magnitude.exponentBitPattern) - 1075
    if magnitude.isNormal { significand |= 1 << 52 } else { power += 1 }
    // Base 10^9, the least significant limb first; value = limbs · 10^scale.
    var limbs = [UInt32(significand % 1_000_000_000), UInt32(significand / 1_000_000_000)]
    var scale = 0
    if power >= 0 {
      Self.multiply(&limbs, by: 2, power: power, largest: (1 << 29, 29))
    } else {
      // value = significand / 2^n = significand · 5^n / 10^n
      Self.multiply(&limbs, by: 5, power: -power, largest: (244_140_625, 12))
      scale = power
    }
    var text: [UInt8] = []
    for limb in limbs.reversed() {
      let part = Array(String(limb).utf8)
      text.append(contentsOf: [UInt8](repeating: 0x30, count: 9 - part.count) + part)
    }
    digits = text.drop { $0 == 0x30 }.map { $0 - 0x30 }
    exponent = digits.count - 1 + scale
  }

  /// Multiplies by factor^power, in steps of a power of it below 10^9, so that a carry is one limb.
  private static func multiply(
    _ limbs: inout [UInt32], by factor: UInt64, power: Int, largest: (factor: UInt64, power: Int)
  ) {
    for _ in 0..<(power / largest.power) { multiply(&limbs, by: largest.factor) }
    for _ in 0..<(power % largest.power) { multiply(&limbs, by: factor) }
  }

  private static func multiply(_ limbs: inout [UInt32], by factor: UInt64) {
    var carry: UInt64 = 0
    for index in limbs.indices {
      let product = UInt64(limbs[index]) * factor + carry
      limbs[index] = UInt32(product % 1_000_000_000)
      carry = product / 1_000_000_000
    }
    if carry > 0 { limbs.append(UInt32(carry)) }
  }

  /// Keeps `count` digits (none or fewer may be left), rounding half to even.
  mutating func round(toDigits count: Int) {
    guard count < digits.count else { return }
    guard count >= 0 else {
      (digits, exponent) = ([0], 0)
      return
    }
    let rest = digits[count...]
    let isOdd = count > 0 && digits[count - 1] % 2 == 1
    let roundsUp = rest[count] > 5 || rest[count] == 5 && (isOdd || rest.dropFirst().contains { $0 != 0 })
    digits.removeSubrange(count...)
    if roundsUp { increment() }
    if digits.isEmpty { (digits, exponent) = ([0], 0) }
  }

  private mutating func increment() {
    var index = digits.count - 1
    while index >= 0, digits[index] == 9 {
      digits[index] = 0
      index -= 1
    }
    if index >= 0 {
      digits[index] += 1
    } else {
      digits.insert(1, at: 0)
      exponent += 1
    }
  }

  /// The digit of 10^power.
  private func digit(_ power: Int) -> UInt8 {
    let index = exponent - power
    return digits.indices.contains(index) ? digits[index] : 0
  }

  /// As `%.{places}f` writes it, without sign.
  static func fixed(_ value: Double, places: Int) -> String {
    var decimal = ExactDecimal(value)
    decimal.round(toDigits: decimal.exponent + 1 + places)
    let whole = stride(from: max(decimal.exponent, 0), through: 0, by: -1).map { decimal.digit($0) }
    let fraction = (0..<places).map { decimal.digit(-1 - $0) }
    return text(whole) + (places > 0 ? "." + text(fraction) : "")
  }

  /// As `%.{places}e` writes it, without sign.
  static func scientific(_ value: Double, places: Int) -> String {
    var decimal = ExactDecimal(value)
    decimal.round(toDigits: places + 1)
    let fraction = (0..<places).map { decimal.digit(decimal.exponent - 1 - $0) }
    let magnitude = decimal.exponent.magnitude
    return text([decimal.digits[0]]) + (places > 0 ? "." + text(fraction) : "")
      + (decimal.exponent < 0 ? "e-" : "e+") + (magnitude < 10 ? "0" : "") + String(magnitude)
  }

  /// As `%.{precision}g` writes it, without sign.
  static func general(_ value: Double, precision: Int, keepsZeros: Bool = false) -> String {
    let precision = max(precision, 1)
    var decimal = ExactDecimal(value)
    decimal.round(toDigits: precision)
    let isScientific = decimal.exponent < -4 || decimal.exponent >= precision
    let text =
      isScientific
      ? scientific(value, places: precision - 1) : fixed(value, places: max(precision - 1 - decimal.exponent, 0))
    if keepsZeros || !text.contains(".") { return text }
    let parts = text.split(separator: "e", maxSplits: 1)
    var mantissa = parts[0]
    while mantissa.last == "0" { mantissa.removeLast() }
    if mantissa.last == "." { mantissa.removeLast() }
    return mantissa + (parts.count > 1 ? "e" + parts[1] : "")
  }

  private static func text(_ digits: [UInt8]) -> String { String(decoding: digits.map { $0 + 0x30 }, as: UTF8.self) }

  /// Python's `round(value, places)`.
  static func rounded(_ value: Double, places: Int) -> Double {
    guard value.isFinite, places < 400 else { return value }
    var decimal = ExactDecimal(value)
    decimal.round(toDigits: decimal.exponent + 1 + max(places, -400))
    let text = "\(Self.text(decimal.digits))e\(decimal.exponent - decimal.digits.count + 1)"
    let magnitude = Double(text) ?? value.magnitude
    return value.sign == .minus ? -magnitude : magnitude
  }
}
