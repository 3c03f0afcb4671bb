extension TemplateFilters {
  /// Filters that lay texts out.
  static let layout: [String: Function] = [
    "indent": { (interpreter, value, arguments) throws(TemplateError) in try indent(interpreter, value, arguments) },
    "center": { (interpreter, value, arguments) throws(TemplateError) in
      let width = try arguments.bind("center", "width")[0] ?? .int(80)
      var inner = TemplateArguments()
      inner.positional = [width]
      return try TemplateMethods.call("center", on: .text(try interpreter.str(value)), interpreter, inner)
    },
    "truncate": { (interpreter, value, arguments) throws(TemplateError) in
      try truncate(interpreter, value, arguments)
    },
    "wordwrap": { (interpreter, value, arguments) throws(TemplateError) in try wrap(interpreter, value, arguments) },
    "filesizeformat": { (_, value, arguments) throws(TemplateError) in
      let isBinary = try arguments.bind("filesizeformat", "binary")[0]?.isTrue ?? false
      return .text(try fileSize(value, isBinary: isBinary), by: .template)
    },
  ]

  private static func indent(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("indent", "width", "first", "blank")
    let text = try value.requireText("what is indented")
    var indentation = TemplateText("    ", by: .template)
    switch bound[0] {
    case .text(let prefix)?: indentation = prefix
    case let width?:
      indentation = try interpreter.repeated(TemplateText(" ", by: .template), try width.requireIndex("the width"))
    case nil: break
    }
    let indentsBlank = bound[2]?.isTrue ?? false
    // A line break is whoever's the text is.
    let lineBreak = TemplateText("\n", by: text.origin.whole)
    var lines = (text + lineBreak).lines()
    try interpreter.spend(lines.count * 2)
    for (index, line) in lines.enumerated() where index > 0 && (indentsBlank || !line.isEmpty) {
      try interpreter.spend(indentation.byteCount / 8)
      lines[index] = indentation + line
    }
    if bound[1]?.isTrue ?? false { lines[0] = indentation + lines[0] }
    return .text(try interpreter.joined(lines, by: lineBreak))
  }

  private static func truncate(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("truncate", "length", "killwords", "end", "leeway")
    let length = try bound[0]?.requireIndex("the length") ?? 255
    let end = try bound[2]?.requireText("the end") ?? TemplateText("...", by: .template)
    let leeway = try bound[3]?.requireIndex("the leeway") ?? 5
    let endCount = end.count
    guard length >= endCount, leeway >= 0 else {
      throw .runtime("truncate needs a length of at least that of the end, and a leeway of at least 0")
    }
    let (longest, overflow) = length.addingReportingOverflow(leeway)
    if let count = value.length, overflow || count <= longest { return value }
    let text = try value.requireText("what is truncated")
    let cut = text.slice(SliceRange(start: nil, stop: length - endCount, step: 1, length: text.count))
    if bound[1]?.isTrue ?? false { return .text(cut + end) }
    let words = cut.split(by: [0x20], limit: 1, fromEnd: true)
    return .text(words[0] + end)
  }

  private static func wrap(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("wordwrap", "width", "break_long_words", "wrapstring", "break_on_hyphens")
    let text = try interpreter.str(value)
    let width = try bound[0]?.requireIndex("the width") ?? 79
    guard width > 0 else { throw .runtime("the width must be positive") }
    // A line break is whoever's the text is.
    var separator = TemplateText("\n", by: text.origin.whole)
    if let given = bound[2], !given.isNone { separator = try given.requireText("the wrapstring") }
    var lines: [TemplateText] = []
    for line in text.lines() {
      var wrapper = TextWrapper(
        line, width: width, breaksWords: bound[1]?.isTrue ?? true, breaksHyphens: bound[3]?.isTrue ?? true)
      let wrapped = wrapper.lines()
      lines += wrapped.isEmpty ? [.empty] : wrapped
    }
    return .text(try interpreter.joined(lines, by: separator))
  }

  private static func fileSize(_ value: TemplateValue, isBinary: Bool) throws(TemplateError) -> String {
    guard let size = number(of: value), size.isFinite, size.magnitude < 1e18 else {
      throw .runtime("filesizeformat takes a number of bytes")
    }
    if size == 1 { return "1 Byte" }
    let base: Double = isBinary ? 1024 : 1000
    if size < base { return "\(Int(size)) Bytes" }
    var unit = base
    for prefix in ["k", "M", "G", "T", "P"] {
      unit *= base
      if size < unit || prefix == "P" {
        let name = isBinary ? prefix.uppercased() + "iB" : prefix + "B"
        let sign = size < 0 ? "-" : ""
        return sign + ExactDecimal.fixed(base * size / unit, places: 1) + " " + name
      }
    }
    return ""
  }

  /// Python's `float(value)`, or nil where it fails.
  static func number(of value: TemplateValue) -> Double? {
    if case .text(let text) = value { return number(in: text) }
    return value.number
  }

  /// The number in a text: white space around it, underscores between digits, "inf" and "nan" allowed.
  private static func number(in text: TemplateText) -> Double? {
    let trimmed = text.stripped(.both).string.lowercased()
    let unsigned = trimmed.first == "-" || trimmed.first == "+" ? trimmed.dropFirst() : trimmed[...]
    switch unsigned {
    case "inf", "infinity": return trimmed.first == "-" ? -.infinity : .infinity
    case "nan": return .nan
    default: break
    }
    let digits = Array(unsigned.utf8)
    guard let first = digits.first, first == UInt8(ascii: ".") || (0x30...0x39).contains(first),
      digits.allSatisfy({ (0x30...0x39).contains($0) || "._e+-".utf8.contains($0) })
    else { return nil }
    for (index, byte) in digits.enumerated() where byte == UInt8(ascii: "_") {
      guard index > 0, index + 1 < digits.count, (0x30...0x39).contains(digits[index - 1]),
        (0x30...0x39).contains(digits[index + 1])
      else { return nil }
    }
    return Double(trimmed.filter { $0 != "_" })
  }
}
