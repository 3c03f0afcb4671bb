internal import ApusJSON

/// The layout of one formatted value, shared by Python's `%` and `str.format`.
struct TemplateFormatSpec {
  /// Where the filling goes.
  enum Alignment { case left, right, center, afterSign }

  /// Who wrote the format: what it adds to a value, and the form of a number, are that author's.
  let author: TextAuthor
  var fill: TemplateText
  var alignment: Alignment?
  /// What stands before numbers that are not negative: "", "+" or " ".
  var sign = ""
  var isAlternate = false
  var width = 0
  var grouping = ""
  var precision: Int?
  var type: Unicode.Scalar?

  init(by author: TextAuthor) {
    self.author = author
    fill = TemplateText(" ", by: author)
  }
}

extension TemplateInterpreter {
  /// The largest width or precision that a format may ask for.
  static let formatLimit = 10_000
  /// What the exact decimal digits of a float cost at most, in units of the budget.
  static let exactDecimalCost = 1024

  /// Pays for one field of a format, which may show a value that others show too.
  func payField(_ value: TemplateValue) throws(TemplateError) {
    try spend(2 * TemplateBudget.unitsPerStep + value.textByteCount / 8)
  }

  /// Pads `sign` and `body` to the width of the spec.
  func laid(
    _ spec: TemplateFormatSpec, sign: String, _ body: TemplateText, _ standard: TemplateFormatSpec.Alignment
  ) throws(TemplateError) -> TemplateText {
    let missing = spec.width - sign.utf8.count - body.count
    let sign = TemplateText(sign, by: spec.author)
    guard missing > 0 else { return sign + body }
    let alignment = spec.alignment ?? standard
    let before = alignment == .left ? 0 : alignment == .center ? missing / 2 : missing
    let left = try repeated(spec.fill, before)
    let right = try repeated(spec.fill, missing - before)
    return alignment == .afterSign ? sign + left + body : left + sign + body + right
  }

  /// A whole number in one of the types b, c, d, o, x and X.
  func formatted(_ value: Int, _ spec: TemplateFormatSpec) throws(TemplateError) -> TemplateText {
    try spend(spec.precision ?? 0)
    let sign = value < 0 ? "-" : spec.sign
    var digits: String
    var prefix = ""
    switch spec.type {
    case "b": (digits, prefix) = (String(value.magnitude, radix: 2), "0b")
    case "o": (digits, prefix) = (String(value.magnitude, radix: 8), "0o")
    case "x": (digits, prefix) = (String(value.magnitude, radix: 16), "0x")
    case "X": (digits, prefix) = (String(value.magnitude, radix: 16, uppercase: true), "0X")
    default: digits = String(value.magnitude)
    }
    if let precision = spec.precision, precision > digits.utf8.count {
      digits = String(repeating: "0", count: precision - digits.utf8.count) + digits
    }
    let isDecimal = prefix.isEmpty
    digits = grouped(digits, spec, size: isDecimal ? 3 : 4)
    return try laid(spec, sign: sign + (spec.isAlternate ? prefix : ""), TemplateText(digits, by: spec.author), .right)
  }

  /// A float in one of the types e, f, g, n and %, or with the shortest digits.
  func formatted(_ value: Double, _ spec: TemplateFormatSpec) throws(TemplateError) -> TemplateText {
    try spend(Self.exactDecimalCost + 2 * (spec.precision ?? 0))
    let sign = value.sign == .minus && !value.isNaN ? "-" : spec.sign
    let precision = spec.precision ?? 6
    let type = spec.type.map { String($0).lowercased() }
    var text: String
    if !value.isFinite {
      text = value.isNaN ? "nan" : "inf"
    } else {
      switch type {
      case "f": text = ExactDecimal.fixed(value, places: precision)
      case "e": text = ExactDecimal.scientific(value, places: precision)
      case "%": text = ExactDecimal.fixed(value * 100, places: precision) + "%"
      case "g", "n": text = ExactDecimal.general(value, precision: precision, keepsZeros: spec.isAlternate)
      default: text = general(value, spec.precision)
      }
    }
    if spec.type == "E" || spec.type == "F" || spec.type == "G" { text = text.uppercased() }
    return try laid(spec, sign: sign, TemplateText(grouped(text, spec, size: 3), by: spec.author), .right)
  }

  /// The character with a number, for the type c.
  ///
  /// A message may have given the number, so that the character is never the template's.
  func character(
    _ number: Int, _ spec: TemplateFormatSpec, _ standard: TemplateFormatSpec.Alignment
  ) throws(TemplateError) -> TemplateText {
    guard let code = UInt32(exactly: number), let scalar = Unicode.Scalar(code) else {
      throw .runtime("%c arg not in range")
    }
    return try laid(spec, sign: "", TemplateText(scalar, by: .message), standard)
  }

  /// A float without a type: like `g`, but always with a point.
  private func general(_ value: Double, _ precision: Int?) -> String {
    guard let precision else { return pythonDescription(of: value.magnitude) }
    var decimal = ExactDecimal(value)
    decimal.round(toDigits: max(precision, 1))
    if decimal.exponent < -4 || decimal.exponent >= max(precision, 1) - 1 {
      return ExactDecimal.general(value, precision: precision)
    }
    let text = ExactDecimal.general(value, precision: precision)
    return text.contains(".") ? text : text + ".0"
  }

  /// Puts the separator between groups of digits before the point.
  private func grouped(_ digits: String, _ spec: TemplateFormatSpec, size: Int) -> String {
    guard !spec.grouping.isEmpty else { return digits }
    let whole = digits.prefix { $0.isHexDigit }
    let count = whole.count
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (count - index) % size == 0 { result += spec.grouping }
      result.append(digit)
    }
    return result + digits.dropFirst(count)
  }
}
