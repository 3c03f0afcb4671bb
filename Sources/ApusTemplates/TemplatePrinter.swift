internal import ApusJSON

/// Writes values as Python's `str` and `repr` do, into a text of bounded size.
///
/// Texts keep their authors; all that stands around them is the template's.
struct TemplatePrinter {
  /// What the shortest digits of a float cost, many times more than those of a whole number, in units of the budget.
  static let floatCost = 32
  /// The interpreter that owns the namespaces.
  let interpreter: TemplateInterpreter
  private var builder = TemplateTextBuilder()

  init(_ interpreter: TemplateInterpreter) { self.interpreter = interpreter }

  var text: TemplateText { builder.text }
  var byteCount: Int { builder.byteCount }

  private mutating func raw(_ text: String) { builder.append(text.utf8, by: .template) }

  /// Appends `str(value)`; copying a text is not paid for.
  mutating func str(_ value: TemplateValue) throws(TemplateError) {
    switch value {
    case .undefined: break
    case .text(let text):
      try interpreter.reserve(byteCount + text.byteCount)
      builder.append(text)
    default: try paidRepr(value)
    }
  }

  /// Appends `repr(value)`, paid for by all that the value holds.
  mutating func paidRepr(_ value: TemplateValue) throws(TemplateError) {
    try interpreter.spend(value.weight)
    let start = byteCount
    try repr(value)
    // Escapes make a text longer.
    try interpreter.spend(byteCount - start)
  }

  private mutating func repr(_ value: TemplateValue) throws(TemplateError) {
    try interpreter.reserve(byteCount)
    switch value {
    case .undefined: raw("Undefined")
    case .none: raw("None")
    case .bool(let value): raw(value ? "True" : "False")
    case .int(let value): raw(String(value))
    case .double(let value):
      try interpreter.spend(Self.floatCost)
      raw(pythonDescription(of: value))
    case .text(let text): try repr(text)
    case .list(let sequence): try list("[", sequence.items, "]")
    case .tuple(let sequence): try list("(", sequence.items, sequence.items.count == 1 ? ",)" : ")")
    case .dictionary(let dictionary): try members(dictionary.keys, dictionary.values)
    case .view(let view):
      raw(view.kind.rawValue)
      try list("([", try view.items(), "])")
    case .range(let range): raw("range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))")
    case .namespace(let number): try namespace(number)
    case .loop(let number):
      let loop = interpreter.loops[number]
      raw("<LoopContext \(loop.index)/\(try interpreter.length(of: loop))>")
    case .macro(let number):
      raw("<Macro '")
      builder.append(try interpreter.copied(interpreter.macros[number].definition.name))
      raw("'>")
    case .iterator, .function, .method, .cycler, .joiner: raw("<\(value.typeName) object>")
    }
  }

  private mutating func list(_ open: String, _ items: [TemplateValue], _ close: String) throws(TemplateError) {
    // A namespace does not count in the nesting of what holds it.
    try interpreter.descend()
    raw(open)
    for (index, item) in items.enumerated() {
      if index > 0 { raw(", ") }
      try repr(item)
    }
    raw(close)
    interpreter.ascend()
  }

  private mutating func members(_ keys: [TemplateValue], _ values: [TemplateValue]) throws(TemplateError) {
    try interpreter.descend()
    raw("{")
    for (index, (key, value)) in zip(keys, values).enumerated() {
      if index > 0 { raw(", ") }
      try repr(key)
      raw(": ")
      try repr(value)
    }
    raw("}")
    interpreter.ascend()
  }

  /// A namespace inside another is cut short: it may hold itself.
  private mutating func namespace(_ number: Int) throws(TemplateError) {
    raw("<Namespace ")
    let attributes = interpreter.namespaces[number]
    // A value that names it by number does not count what it holds.
    var contents = TemplateContents()
    try interpreter.spend(attributes.members.keys.count)
    contents.add(attributes.members.keys)
    contents.add(attributes.members.values)
    try interpreter.spend(contents.weight)
    let values = attributes.members.values.map { value in
      if case .namespace = value { TemplateValue.text("<Namespace>", by: .template) } else { value }
    }
    if values.contains(where: { $0.nesting > 0 }), attributes.isBeingPrinted {
      raw("...")
    } else {
      interpreter.namespaces[number].isBeingPrinted = true
      defer { interpreter.namespaces[number].isBeingPrinted = false }
      try members(attributes.members.keys, values)
    }
    raw(">")
  }

  private mutating func repr(_ text: TemplateText) throws(TemplateError) {
    if text.isMarkup { raw("Markup(") }
    let hasSingle = text.utf8.contains(0x27)
    let quote: UInt8 = hasSingle && !text.utf8.contains(0x22) ? 0x22 : 0x27
    builder.append([quote], by: .template)
    text.forEachRun { utf8, author in
      for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars {
        builder.append(Self.escaped(scalar, quote: quote).utf8, by: author)
      }
    }
    builder.append([quote], by: .template)
    if text.isMarkup { raw(")") }
  }

  private static func escaped(_ scalar: Unicode.Scalar, quote: UInt8) -> String {
    switch scalar {
    case "\\": return "\\\\"
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    case _ where scalar.value == UInt32(quote): return "\\\(scalar)"
    case _ where scalar.isPythonPrintable: return String(scalar)
    default:
      let (prefix, width) = scalar.value < 0x100 ? ("\\x", 2) : scalar.value < 0x10000 ? ("\\u", 4) : ("\\U", 8)
      let digits = String(scalar.value, radix: 16)
      return prefix + String(repeating: "0", count: width - digits.count) + digits
    }
  }
}

extension TemplateInterpreter {
  /// Python's `str(value)`.
  func str(_ value: TemplateValue) throws(TemplateError) -> TemplateText {
    if case .text(let text) = value { return text }
    var printer = TemplatePrinter(self)
    try printer.str(value)
    return printer.text
  }

  /// Python's `repr(value)`.
  func repr(_ value: TemplateValue) throws(TemplateError) -> TemplateText {
    var printer = TemplatePrinter(self)
    try printer.paidRepr(value)
    return printer.text
  }
}
