internal import ApusJSON

extension TemplateFilters {
  /// Filters that choose or convert values.
  static let conversions: [String: Function] = [
    "default": initial,
    "d": initial,
    "attr": { (interpreter, value, arguments) throws(TemplateError) in
      let name = try (try arguments.bind("attr", "name")[0] ?? .none).requireText("the attribute's name").string
      // Attributes only: an item of that name does not count.
      if case .dictionary(let dictionary) = value,
        try interpreter.value(.text(name, by: .template), in: dictionary.members) != nil,
        !TemplateMethods.exists(name, on: value)
      {
        return .undefined(.element(ofType: value.attributeOwner))
      }
      return try interpreter.item(.text(name, by: .template), of: value)
    },
    "pprint": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("pprint")
      return .text(try interpreter.repr(value))
    },
    "tojson": { (interpreter, value, arguments) throws(TemplateError) in
      try toJSON(interpreter, value, arguments)
    },
  ]

  private static let initial: Function = { (_, value, arguments) throws(TemplateError) in
    let bound = try arguments.bind("default", "default_value", "boolean")
    let isMissing = value.isUndefined || (bound[1]?.isTrue ?? false) && !value.isTrue
    return isMissing ? bound[0] ?? .text(TemplateText.empty) : value
  }

  /// The filter of transformers: `json.dumps(value, ensure_ascii=False, indent, separators, sort_keys)`.
  private static func toJSON(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys")
    var indent: TemplateText?
    switch bound[1] {
    case nil, .some(.none): break
    case .text(let text)?: indent = text
    case let width?:
      indent = try interpreter.repeated(
        TemplateText(" ", by: .template), try width.requireIndex("the indent"))
    }
    var layout = [indent ?? .empty]
    var style = JSONStyle(indent: indent?.utf8, ensureASCII: bound[0]?.isTrue ?? false)
    if let separators = bound[2], !separators.isNone {
      let parts = try interpreter.items(of: separators, for: "the separators cannot be")
      guard parts.count == 2 else { throw .runtime("the separators are two texts") }
      layout.append(try parts[0].requireText("the item separator"))
      layout.append(try parts[1].requireText("the key separator"))
      (style.itemSeparator, style.keySeparator) = (layout[1].utf8, layout[2].utf8)
    }
    var writer = TemplateJSONWriter(interpreter, style, sortsKeys: bound[3]?.isTrue ?? false)
    try writer.write(value)
    // A layout that a message decides makes all of it the message's.
    let isTemplates = layout.allSatisfy { $0.isEmpty || $0.origin.whole == .template }
    return .text(isTemplates ? writer.text : TemplateText(utf8: writer.text.utf8, by: .message))
  }
}

/// Writes template values as Python's `json.dumps` does, into a text of bounded size.
private struct TemplateJSONWriter {
  private let interpreter: TemplateInterpreter
  private let sortsKeys: Bool
  private var writer: JSONWriter
  private var origin = TextOrigin(.template)

  init(_ interpreter: TemplateInterpreter, _ style: JSONStyle, sortsKeys: Bool) {
    self.interpreter = interpreter
    self.sortsKeys = sortsKeys
    writer = JSONWriter(style: style)
  }

  var text: TemplateText { TemplateText(utf8: writer.bytes, origin: origin) }

  mutating func write(_ value: TemplateValue) throws(TemplateError) {
    switch value {
    case .none: writer.raw("null")
    case .bool(let value): writer.raw(value ? "true" : "false")
    case .int(let value): writer.raw(String(value))
    case .double(let value):
      try interpreter.spend(TemplatePrinter.floatCost)
      writer.double(value)
    case .text(let text):
      // An escape is at most six bytes for one.
      try interpreter.reserve(writer.bytes.count + text.byteCount)
      string(text)
    case .list(let sequence), .tuple(let sequence):
      writer.open("[")
      for (index, item) in sequence.items.enumerated() {
        try element(index)
        try write(item)
      }
      writer.close("]", isEmpty: sequence.items.isEmpty)
    case .dictionary(let dictionary): try write(dictionary)
    default: throw .runtime("Object of type \(value.typeName) is not JSON serializable")
    }
    try interpreter.reserve(writer.bytes.count)
  }

  /// Writes a text with its authors; the quotes are the template's.
  private mutating func string(_ text: TemplateText) {
    writer.quote()
    text.forEachRun { utf8, author in
      origin.turn(to: author, at: writer.bytes.count)
      writer.content(utf8)
    }
    origin.turn(to: .template, at: writer.bytes.count)
    writer.quote()
  }

  private mutating func element(_ index: Int) throws(TemplateError) {
    let byteCount = writer.lineByteCount + writer.style.itemSeparator.count + writer.style.keySeparator.count
    try interpreter.spend(byteCount / 8)
    try interpreter.reserve(writer.bytes.count + byteCount)
    writer.element(isFirst: index == 0)
  }

  private mutating func write(_ dictionary: TemplateDictionary) throws(TemplateError) {
    writer.open("{")
    var order = Array(dictionary.keys.indices)
    if sortsKeys {
      let positions = order.map { TemplateValue.int($0) }
      order = try interpreter.sorted(positions, by: dictionary.keys, descending: false).map { $0.index ?? 0 }
    }
    for (index, position) in order.enumerated() {
      try element(index)
      if case .double = dictionary.keys[position] { try interpreter.spend(TemplatePrinter.floatCost) }
      let key = try key(dictionary.keys[position])
      try interpreter.reserve(writer.bytes.count + key.byteCount)
      string(key)
      writer.separateKey()
      try write(dictionary.values[position])
    }
    writer.close("}", isEmpty: order.isEmpty)
  }

  private func key(_ value: TemplateValue) throws(TemplateError) -> TemplateText {
    switch value {
    case .text(let text): return text
    case .none: return TemplateText("null", by: .template)
    case .bool(let value): return TemplateText(value ? "true" : "false", by: .template)
    case .int(let value): return TemplateText(String(value), by: .template)
    case .double(let value): return TemplateText(pythonDescription(of: value), by: .template)
    default: throw .runtime("keys must be str, int, float, bool or None, not \(value.typeName)")
    }
  }
}
