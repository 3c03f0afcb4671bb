/// Python's `format % values`.
extension TemplateInterpreter {
  func percentFormat(_ format: TemplateText, _ values: TemplateValue) throws(TemplateError) -> TemplateText {
    var arguments = PercentArguments(values, self)
    var reader = PercentReader(format)
    var result = TemplateTextBuilder()
    while let piece = try reader.next() {
      switch piece {
      case .text(let range): result.append(format, range)
      case .field(let field):
        let text = try percent(field, &arguments)
        result.append(format.isMarkup ? try escaped(text) : text)
      }
      try reserve(result.byteCount)
    }
    guard arguments.areUsedUp else { throw .runtime("not all arguments converted during string formatting") }
    var text = result.text
    text.isMarkup = format.isMarkup
    return text
  }

  private func percent(
    _ field: PercentReader.Field, _ arguments: inout PercentArguments
  ) throws(TemplateError) -> TemplateText {
    var spec = field.spec
    if field.hasStarWidth {
      let width = try (try arguments.next()).requireIndex("* width")
      guard width.magnitude <= Self.formatLimit else { throw .limit("a format is too wide") }
      spec.width = abs(width)
      if width < 0 { spec.alignment = .left }
    }
    if field.hasStarPrecision {
      let precision = try (try arguments.next()).requireIndex("* precision")
      guard precision <= Self.formatLimit else { throw .limit("a format is too precise") }
      spec.precision = max(precision, 0)
    }
    let value = field.key == nil ? try arguments.next() : try arguments.value(field.key ?? [])
    try payField(value)
    return spec.type == "%" ? TemplateText("%", by: spec.author) : try percent(spec, value)
  }

  private func percent(_ spec: TemplateFormatSpec, _ value: TemplateValue) throws(TemplateError) -> TemplateText {
    var spec = spec
    switch spec.type {
    case "s", "r", "a":
      var text = try spec.type == "s" ? str(value) : repr(value)
      if let precision = spec.precision {
        text = text.slice(SliceRange(start: nil, stop: precision, step: 1, length: text.count))
      }
      if spec.alignment == .afterSign { spec.alignment = nil }
      spec.fill = TemplateText(" ", by: spec.author)
      return try laid(spec, sign: "", text, .right)
    case "c":
      if case .text(let text) = value, text.count == 1 { return try laid(spec, sign: "", text, .right) }
      guard let number = value.index else { throw .runtime("%c requires int or char") }
      return try character(number, spec, .right)
    case "d", "i", "u":
      if case .double(let number) = value {
        guard let whole = Int(exactly: number.rounded(.towardZero)) else {
          throw .runtime("cannot convert the float to an integer")
        }
        return try formatted(whole, spec)
      }
      guard let whole = value.index else {
        throw .runtime("%d format: a real number is required, not \(value.typeName)")
      }
      return try formatted(whole, spec)
    case "x", "X", "o":
      guard let whole = value.index else { throw .runtime("%x format: an integer is required, not \(value.typeName)") }
      return try formatted(whole, spec)
    default:
      guard let number = value.number else { throw .runtime("must be real number, not \(value.typeName)") }
      return try formatted(number, spec)
    }
  }
}

/// The values of a `%` format: several in a tuple, by name in a dictionary, or one.
private struct PercentArguments {
  private let interpreter: TemplateInterpreter
  private var values: [TemplateValue]
  private var mapping: TemplateDictionary?
  private var position = 0
  /// Whether values may be left over: those that have items by key may, as in Python.
  private let mayBeLeft: Bool

  init(_ value: TemplateValue, _ interpreter: TemplateInterpreter) {
    self.interpreter = interpreter
    values = [value]
    mayBeLeft =
      switch value {
      case .list, .dictionary, .range, .undefined: true
      default: false
      }
    if case .tuple(let tuple) = value { values = tuple.items }
    if case .dictionary(let dictionary) = value { mapping = dictionary }
  }

  var areUsedUp: Bool { mayBeLeft || position == values.count }

  mutating func next() throws(TemplateError) -> TemplateValue {
    guard position < values.count else { throw .runtime("not enough arguments for format string") }
    position += 1
    return values[position - 1]
  }

  func value(_ key: [UInt8]) throws(TemplateError) -> TemplateValue {
    guard let mapping else { throw .runtime("format requires a mapping") }
    let text = TemplateText(utf8: key, by: .template)
    guard let value = try interpreter.value(.text(text), in: mapping.members) else {
      throw .runtime("a key of the format is missing")
    }
    return value
  }
}

/// Cuts a `%` format into texts and fields.
private struct PercentReader {
  struct Field {
    var key: [UInt8]?
    var spec: TemplateFormatSpec
    var hasStarWidth = false
    var hasStarPrecision = false
  }

  /// A text is named by its place in the format.
  enum Piece { case text(Range<Int>), field(Field) }

  private let format: [UInt8]
  private let origin: TextOrigin
  private var position = 0

  init(_ format: TemplateText) { (self.format, origin) = (format.utf8, format.origin) }

  private var byte: UInt8? { position < format.count ? format[position] : nil }

  mutating func next() throws(TemplateError) -> Piece? {
    guard let byte else { return nil }
    if byte != UInt8(ascii: "%") {
      let end = format[position...].firstIndex(of: UInt8(ascii: "%")) ?? format.count
      defer { position = end }
      return .text(position..<end)
    }
    position += 1
    if skip("%") { return .text((position - 1)..<position) }
    // A format that is in part a message's counts as the message's.
    var field = Field(spec: TemplateFormatSpec(by: origin.whole))
    try key(&field)
    flags(&field.spec)
    if skip("*") { field.hasStarWidth = true } else { field.spec.width = try number() ?? 0 }
    if skip(".") {
      if skip("*") { field.hasStarPrecision = true } else { field.spec.precision = try number() ?? 0 }
    }
    while skip("l") || skip("h") || skip("L") {}
    guard let type = self.byte else { throw .runtime("incomplete format") }
    guard Array("diouxXeEfFgGcrsa%".utf8).contains(type) else { throw .runtime("unsupported format character") }
    position += 1
    field.spec.type = Unicode.Scalar(type)
    return .field(field)
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard byte == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func key(_ field: inout Field) throws(TemplateError) {
    guard skip("(") else { return }
    var depth = 1
    let start = position
    while let byte {
      if byte == UInt8(ascii: "(") { depth += 1 }
      if byte == UInt8(ascii: ")") { depth -= 1 }
      position += 1
      if depth == 0 {
        field.key = Array(format[start..<(position - 1)])
        return
      }
    }
    throw .runtime("incomplete format key")
  }

  private mutating func flags(_ spec: inout TemplateFormatSpec) {
    while true {
      if skip("-") {
        spec.alignment = .left
        spec.fill = TemplateText(" ", by: spec.author)
      } else if skip("0") {
        if spec.alignment != .left { (spec.alignment, spec.fill) = (.afterSign, TemplateText("0", by: spec.author)) }
      } else if skip("+") {
        spec.sign = "+"
      } else if skip(" ") {
        if spec.sign.isEmpty { spec.sign = " " }
      } else if skip("#") {
        spec.isAlternate = true
      } else {
        return
      }
    }
  }

  private mutating func number() throws(TemplateError) -> Int? {
    var value: Int?
    while let byte, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      value = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
      position += 1
      guard value ?? 0 <= TemplateInterpreter.formatLimit else { throw .limit("a format is too wide") }
    }
    return value
  }
}
