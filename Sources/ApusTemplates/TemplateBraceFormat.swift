/// Python's `str.format`.
extension TemplateInterpreter {
  func braceFormat(_ format: TemplateText, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateText {
    var automatic = 0
    return try braceFormat(format, arguments, &automatic, depth: 2)
  }

  private func braceFormat(
    _ format: TemplateText, _ arguments: TemplateArguments, _ automatic: inout Int, depth: Int
  ) throws(TemplateError) -> TemplateText {
    guard depth > 0 else { throw .runtime("Max string recursion exceeded") }
    let utf8 = format.utf8
    var result = TemplateTextBuilder()
    // Where text starts that was not yet taken over.
    var start = 0
    var index = 0
    while index < utf8.count {
      let byte = utf8[index]
      guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") else {
        index += 1
        continue
      }
      let isDouble = index + 1 < utf8.count && utf8[index + 1] == byte
      result.append(format, start..<(isDouble ? index + 1 : index))
      if isDouble {
        index += 2
      } else {
        guard byte == UInt8(ascii: "{") else { throw .runtime("Single '}' encountered in format string") }
        let end = try endOfField(utf8, index)
        result.append(try field(format[(index + 1)..<end], arguments, &automatic, depth: depth))
        try reserve(result.byteCount)
        index = end + 1
      }
      start = index
    }
    result.append(format, start..<utf8.count)
    return result.text
  }

  private func endOfField(_ format: [UInt8], _ start: Int) throws(TemplateError) -> Int {
    var open = 0
    for index in start..<format.count {
      if format[index] == UInt8(ascii: "{") { open += 1 }
      if format[index] == UInt8(ascii: "}") { open -= 1 }
      if open == 0 { return index }
    }
    throw .runtime("expected '}' before end of string")
  }

  /// Formats what stands in braces: `name!conversion:spec`.
  private func field(
    _ field: TemplateText, _ arguments: TemplateArguments, _ automatic: inout Int, depth: Int
  ) throws(TemplateError) -> TemplateText {
    let utf8 = field.utf8
    let nameEnd = utf8.firstIndex { $0 == UInt8(ascii: "!") || $0 == UInt8(ascii: ":") } ?? utf8.count
    var value = try named(utf8[..<nameEnd], arguments, &automatic)
    try payField(value)
    var rest = utf8[nameEnd...]
    if rest.first == UInt8(ascii: "!") {
      guard let conversion = rest.dropFirst().first else { throw .runtime("the conversion is missing") }
      switch conversion {
      case UInt8(ascii: "s"): value = .text(try str(value))
      case UInt8(ascii: "r"), UInt8(ascii: "a"): value = .text(try repr(value))
      default: throw .runtime("Unknown conversion specifier")
      }
      rest = rest.dropFirst(2)
      guard rest.isEmpty || rest.first == UInt8(ascii: ":") else {
        throw .runtime("expected ':' after conversion specifier")
      }
    }
    rest = rest.dropFirst()
    if rest.isEmpty { return try str(value) }
    let spec = field[rest.startIndex..<utf8.count]
    return try formatted(value, try braceFormat(spec, arguments, &automatic, depth: depth - 1))
  }

  /// Resolves `name.attribute[item]…`.
  private func named(
    _ path: ArraySlice<UInt8>, _ arguments: TemplateArguments, _ automatic: inout Int
  ) throws(TemplateError) -> TemplateValue {
    let isEnd: (UInt8) -> Bool = { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "[") }
    let firstEnd = path.firstIndex(where: isEnd) ?? path.endIndex
    let first = TemplateText(utf8: Array(path[..<firstEnd]), by: .template)
    var value: TemplateValue
    if first.isEmpty || first.all(\.isPythonDecimal) {
      let index = first.isEmpty ? automatic : Int(first.string) ?? .max
      if first.isEmpty { automatic += 1 }
      guard index < arguments.positional.count else {
        throw .runtime("Replacement index out of range for positional args tuple")
      }
      value = arguments.positional[index]
    } else {
      try spend(arguments.named.count)
      guard let found = arguments.named.last(where: { $0.name == first }) else {
        throw .runtime("a name in the format is not among the arguments")
      }
      value = found.value
    }
    var rest = path[firstEnd...]
    while let mark = rest.first {
      try spend(4)
      rest = rest.dropFirst()
      let end = mark == UInt8(ascii: ".") ? rest.firstIndex(where: isEnd) : rest.firstIndex(of: UInt8(ascii: "]"))
      let name = TemplateText(utf8: Array(rest[..<(end ?? rest.endIndex)]), by: .template)
      if mark == UInt8(ascii: ".") {
        value = try attribute(name.string, of: value)
      } else {
        let index = name.all(\.isPythonDecimal) ? Int(name.string) : nil
        value = try item(index.map { .int($0) } ?? .text(name), of: value)
      }
      rest = rest[(end ?? rest.endIndex)...]
      if mark == UInt8(ascii: "[") { rest = rest.dropFirst() }
    }
    return value
  }

  /// `format(value, spec)`.
  private func formatted(_ value: TemplateValue, _ text: TemplateText) throws(TemplateError) -> TemplateText {
    let spec = try Self.spec(text)
    switch (value, spec.type) {
    case (.text(let string), nil), (.text(let string), "s"): return try laid(string, spec)
    case (.double(let number), _): return try formatted(number, spec)
    case (.int, "e"), (.int, "E"), (.int, "f"), (.int, "F"), (.int, "g"), (.int, "G"), (.int, "%"):
      return try formatted(value.number ?? 0, spec)
    case (.int(let number), "c"): return try character(number, spec, .left)
    case (.int(let number), _):
      guard spec.precision == nil, spec.type != "s" else {
        throw .runtime("Precision not allowed in integer format specifier")
      }
      return try formatted(number, spec)
    case (.bool(let flag), nil), (.bool(let flag), "d"): return try formatted(flag ? 1 : 0, spec)
    default: throw .runtime("unsupported format string for \(value.typeName)")
    }
  }

  private func laid(_ text: TemplateText, _ spec: TemplateFormatSpec) throws(TemplateError) -> TemplateText {
    var text = text
    if let precision = spec.precision {
      text = text.slice(SliceRange(start: nil, stop: precision, step: 1, length: text.count))
    }
    return try laid(spec, sign: "", text, .left)
  }

  /// Reads `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
  private static func spec(_ text: TemplateText) throws(TemplateError) -> TemplateFormatSpec {
    var spec = TemplateFormatSpec(by: text.origin.whole)
    var rest = Array(text.scalars)[...]
    var hasFill = false
    if rest.count > 1, let alignment = alignment(rest[1]) {
      (spec.fill, spec.alignment) = (TemplateText(rest[0], by: spec.author), alignment)
      hasFill = true
      rest = rest.dropFirst(2)
    } else if let first = rest.first, let alignment = alignment(first) {
      spec.alignment = alignment
      rest = rest.dropFirst()
    }
    if let sign = rest.first, sign == "+" || sign == " " || sign == "-" {
      spec.sign = sign == "-" ? "" : String(sign)
      rest = rest.dropFirst()
    }
    if rest.first == "#" {
      spec.isAlternate = true
      rest = rest.dropFirst()
    }
    if rest.first == "0", !hasFill {
      (spec.fill, spec.alignment) = (TemplateText("0", by: spec.author), spec.alignment ?? .afterSign)
    }
    spec.width = try number(&rest) ?? 0
    if let mark = rest.first, mark == "," || mark == "_" {
      spec.grouping = String(mark)
      rest = rest.dropFirst()
    }
    if rest.first == "." {
      rest = rest.dropFirst()
      guard let precision = try number(&rest) else { throw .runtime("Format specifier missing precision") }
      spec.precision = precision
    }
    spec.type = rest.popFirst()
    guard rest.isEmpty, spec.type.map({ "bcdeEfFgGnosxX%".unicodeScalars.contains($0) }) ?? true else {
      throw .runtime("Invalid format specifier")
    }
    return spec
  }

  private static func alignment(_ scalar: Unicode.Scalar) -> TemplateFormatSpec.Alignment? {
    switch scalar {
    case "<": .left
    case ">": .right
    case "^": .center
    case "=": .afterSign
    default: nil
    }
  }

  private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws(TemplateError) -> Int? {
    var value: Int?
    while let digit = rest.first, digit >= "0", digit <= "9" {
      value = (value ?? 0) * 10 + Int(digit.value - 0x30)
      rest = rest.dropFirst()
      guard value ?? 0 <= formatLimit else { throw .limit("a format is too wide") }
    }
    return value
  }
}
