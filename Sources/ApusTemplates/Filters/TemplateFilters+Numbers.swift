extension TemplateFilters {
  /// Filters on and to numbers.
  static let numbers: [String: Function] = [
    "abs": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("abs")
      if let whole = value.index {
        return whole < 0 ? try interpreter.checked((0).subtractingReportingOverflow(whole)) : .int(whole)
      }
      guard case .double(let number) = value else { throw mismatch("abs", value) }
      return .double(number.magnitude)
    },
    "int": { (interpreter, value, arguments) throws(TemplateError) in try whole(interpreter, value, arguments) },
    "float": { (interpreter, value, arguments) throws(TemplateError) in
      let bound = try arguments.bind("float", "default")
      if case .undefined(let undefined) = value { throw undefined.error }
      return number(of: value).map { .double($0) } ?? bound[0] ?? .double(0)
    },
    "round": { (_, value, arguments) throws(TemplateError) in try round(value, arguments) },
    "random": { (_, _, _) throws(TemplateError) in
      throw .runtime("the filter 'random' is not available: a prompt must not depend on chance")
    },
  ]

  private static func mismatch(_ filter: String, _ value: TemplateValue) -> TemplateError {
    if case .undefined(let undefined) = value { return undefined.error }
    return .runtime("the filter '\(filter)' needs a number, not '\(value.typeName)'")
  }

  private static func whole(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("int", "default", "base")
    let initial = bound[0] ?? .int(0)
    switch value {
    case .undefined(let undefined): throw undefined.error
    case .int, .bool: return .int(value.index ?? 0)
    case .double(let number):
      if number.isNaN { return initial }
      return .int(try truncated(number))
    case .text(let text):
      let base = try bound[1]?.requireIndex("the base") ?? 10
      guard base == 0 || (2...36).contains(base) else { throw .runtime("int() base must be >= 2 and <= 36, or 0") }
      if let digits = wholeDigits(text, base) {
        guard let whole = Int(digits.text, radix: digits.base) else {
          throw .runtime("the whole number does not fit into 64 bits")
        }
        return .int(whole)
      }
      guard let number = number(of: value), number.isFinite else { return initial }
      return .int(try truncated(number))
    default: return initial
    }
  }

  private static func truncated(_ number: Double) throws(TemplateError) -> Int {
    guard let whole = Int(exactly: number.rounded(.towardZero)) else {
      throw .runtime("the float does not fit into a whole number of 64 bits")
    }
    return whole
  }

  /// Sign and digits of a whole number as Python's `int(text, base)` accepts it, or nil.
  private static func wholeDigits(_ text: TemplateText, _ base: Int) -> (text: String, base: Int)? {
    var rest = text.stripped(.both).utf8[...]
    var sign = ""
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") {
      sign = rest.first == UInt8(ascii: "-") ? "-" : ""
      rest = rest.dropFirst()
    }
    var radix = base == 0 ? 10 : base
    for (letter, value) in [(UInt8(ascii: "x"), 16), (UInt8(ascii: "o"), 8), (UInt8(ascii: "b"), 2)]
    where rest.first == UInt8(ascii: "0") && rest.dropFirst().first.map({ $0 | 0x20 }) == letter {
      guard base == 0 || base == value else { continue }
      radix = value
      rest = rest.dropFirst(2)
      if rest.first == UInt8(ascii: "_") { rest = rest.dropFirst() }
    }
    var digits = ""
    var isAfterDigit = false
    for byte in rest {
      if byte == UInt8(ascii: "_"), isAfterDigit {
        isAfterDigit = false
        continue
      }
      let scalar = Unicode.Scalar(byte)
      guard byte < 0x80, let value = Int(String(scalar), radix: 36), value < radix else { return nil }
      digits.unicodeScalars.append(scalar)
      isAfterDigit = true
    }
    return isAfterDigit ? (sign + digits, radix) : nil
  }

  private static func round(
    _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("round", "precision", "method")
    let places = try bound[0]?.requireIndex("the precision") ?? 0
    let method = try bound[1]?.requireText("the method").string ?? "common"
    guard let number = value.number else { throw mismatch("round", value) }
    switch method {
    case "common":
      // As in Python, a whole number stays one.
      if let whole = value.index, places >= 0 { return .int(whole) }
      let rounded = ExactDecimal.rounded(number, places: min(max(places, -400), 400))
      return value.index == nil ? .double(rounded) : .int(try truncated(rounded))
    case "ceil", "floor":
      let factor = raised(10, to: Double(min(max(places, -400), 400)))
      let scaled = (number * factor).rounded(method == "ceil" ? .up : .down)
      guard scaled.isFinite, factor > 0 else { throw .runtime("the number is out of range for round()") }
      return .double(scaled / factor)
    default: throw .runtime("method must be common, ceil or floor")
    }
  }
}
