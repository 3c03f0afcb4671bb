extension TemplateFilters {
  /// Filters that change texts.
  static let text: [String: Function] = [
    "upper": mapped("upper") { $0.uppercased() },
    "lower": mapped("lower") { $0.lowercased() },
    "capitalize": mapped("capitalize") { $0.capitalized() },
    "title": mapped("title", titled),
    "string": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("string")
      return .text(try interpreter.str(value))
    },
    "trim": { (interpreter, value, arguments) throws(TemplateError) in
      let text = try interpreter.str(value)
      guard let characters = try arguments.bind("trim", "chars")[0], !characters.isNone else {
        return .text(text.stripped(.both))
      }
      let set = try characters.requireText("the characters to trim")
      return .text(text.stripped(.both, of: set))
    },
    "replace": { (interpreter, value, arguments) throws(TemplateError) in
      let bound = try arguments.bind("replace", "old", "new", "count")
      guard let old = bound[0], let new = bound[1] else { throw .runtime("replace() takes an old and a new text") }
      return .text(
        try interpreter.replaced(
          try interpreter.str(value), try interpreter.str(old), try interpreter.str(new), bound[2]))
    },
    "format": { (interpreter, value, arguments) throws(TemplateError) in try format(interpreter, value, arguments) },
    "escape": escape,
    "e": escape,
    "forceescape": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("forceescape")
      var text = try interpreter.str(value)
      text.isMarkup = false
      return .text(try interpreter.escaped(text))
    },
    "safe": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("safe")
      var text = try interpreter.str(value)
      text.isMarkup = true
      return .text(text)
    },
    "striptags": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("striptags")
      return .text(withoutTags(try interpreter.str(value)))
    },
    "urlencode": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("urlencode")
      return .text(try urlEncoded(interpreter, value))
    },
    "wordcount": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("wordcount")
      var count = 0
      var isInWord = false
      for scalar in try interpreter.str(value).scalars {
        if scalar.isPythonWord, !isInWord { count += 1 }
        isInWord = scalar.isPythonWord
      }
      return .int(count)
    },
  ]

  private static let escape: Function = { (interpreter, value, arguments) throws(TemplateError) in
    try arguments.none("escape")
    return .text(try interpreter.escaped(try interpreter.str(value)))
  }

  private static func mapped(
    _ name: String, _ body: @escaping @Sendable (TemplateText) -> TemplateText
  ) -> Function {
    { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none(name)
      let text = try interpreter.str(value)
      let result = body(text)
      try interpreter.reserve(result.byteCount)
      return .text(result)
    }
  }

  /// Jinja's `title`: upper case at the start and after white space, "-" and opening brackets.
  ///
  /// As with every change of case, the result is a message's where any part of the text is.
  private static func titled(_ text: TemplateText) -> TemplateText {
    var result: [UInt8] = []
    var word: [UInt8] = []
    func finish() {
      let parts = TemplateText(utf8: word, by: text.origin.whole)
      let cut = parts.byteOffset(ofCharacter: 1)
      result += parts[0..<cut].uppercased().utf8 + parts[cut..<parts.byteCount].lowercased().utf8
      word = []
    }
    for scalar in text.scalars {
      if scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar) {
        finish()
        result.append(contentsOf: String(scalar).utf8)
      } else {
        word.append(contentsOf: String(scalar).utf8)
      }
    }
    finish()
    return TemplateText(utf8: result, by: text.origin.whole)
  }

  private static func format(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    guard arguments.positional.isEmpty || arguments.named.isEmpty else {
      throw .runtime("can't handle positional and keyword arguments at the same time")
    }
    var values = try TemplateValue.tuple(arguments.positional)
    if !arguments.named.isEmpty {
      var members = TemplateMembers()
      for (name, value) in arguments.named { try interpreter.set(.text(name), value, in: &members) }
      values = .dictionary(try TemplateDictionary(members))
    }
    return .text(try interpreter.percentFormat(try interpreter.str(value), values))
  }

  /// Drops comments and tags, and makes every run of white space one space.
  private static func withoutTags(_ text: TemplateText) -> TemplateText {
    var kept: [UInt8] = []
    var rest = text.utf8[...]
    while let open = rest.firstIndex(of: UInt8(ascii: "<")) {
      let isComment = rest[open...].starts(with: "<!--".utf8)
      let end = isComment ? endOfComment(rest[open...]) : rest[open...].firstIndex(of: UInt8(ascii: ">"))
      guard let end else { break }
      kept += rest[..<open]
      rest = rest[(end + 1)...]
    }
    kept += rest
    let words = TemplateText(utf8: unescapedEntities(kept), by: text.origin.whole).splitAtSpace(limit: .max)
    return TemplateText(utf8: Array(words.map(\.utf8).joined(separator: [0x20])), by: text.origin.whole)
  }

  private static func endOfComment(_ utf8: ArraySlice<UInt8>) -> Int? {
    var previous: (UInt8, UInt8) = (0, 0)
    for index in utf8.indices.dropFirst(4) {
      if utf8[index] == UInt8(ascii: ">"), previous == (UInt8(ascii: "-"), UInt8(ascii: "-")) { return index }
      previous = (previous.1, utf8[index])
    }
    return nil
  }

  private static let entities: [(name: String, character: UInt8)] = [
    ("&amp;", 0x26), ("&lt;", 0x3C), ("&gt;", 0x3E), ("&#34;", 0x22), ("&quot;", 0x22), ("&#39;", 0x27),
  ]

  private static func unescapedEntities(_ utf8: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < utf8.count {
      if utf8[index] == UInt8(ascii: "&"),
        let entity = entities.first(where: { utf8[index...].starts(with: $0.name.utf8) })
      {
        result.append(entity.character)
        index += entity.name.utf8.count
      } else {
        result.append(utf8[index])
        index += 1
      }
    }
    return result
  }

  private static func urlEncoded(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue
  ) throws(TemplateError) -> TemplateText {
    if case .text = value { return try quoted(interpreter, value, isQuery: false) }
    guard value.length != nil || value.nesting > 0 else { return try quoted(interpreter, value, isQuery: false) }
    var pairs = try interpreter.filterItems(value)
    if case .dictionary(let dictionary) = value { pairs = try dictionary.pairs() }
    var parts: [TemplateText] = []
    for pair in pairs {
      let halves = try interpreter.items(of: pair, for: "cannot unpack")
      guard halves.count == 2 else { throw .runtime("urlencode takes a mapping or pairs") }
      let key = try quoted(interpreter, halves[0], isQuery: true)
      let value = try quoted(interpreter, halves[1], isQuery: true)
      parts.append(key + TemplateText("=", by: .template) + value)
    }
    return try interpreter.joined(parts, by: TemplateText("&", by: .template))
  }

  private static func quoted(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, isQuery: Bool
  ) throws(TemplateError) -> TemplateText {
    let text = try interpreter.str(value).replacingBytes { byte, result in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "~"):
        result.append(byte)
      case UInt8(ascii: "/") where !isQuery: result.append(byte)
      case UInt8(ascii: " ") where isQuery: result.append(UInt8(ascii: "+"))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result.append(contentsOf: ("%" + (byte < 16 ? "0" : "") + digits).utf8)
      }
    }
    try interpreter.reserve(text.byteCount)
    return text
  }
}

extension TemplateInterpreter {
  /// HTML's five special characters as entities, unless the text is markup already.
  func escaped(_ text: TemplateText) throws(TemplateError) -> TemplateText {
    if text.isMarkup { return text }
    try spend(text.byteCount / 8)
    var markup = text.replacingBytes { byte, result in
      switch byte {
      case UInt8(ascii: "&"): result.append(contentsOf: "&amp;".utf8)
      case UInt8(ascii: "<"): result.append(contentsOf: "&lt;".utf8)
      case UInt8(ascii: ">"): result.append(contentsOf: "&gt;".utf8)
      case UInt8(ascii: "'"): result.append(contentsOf: "&#39;".utf8)
      case UInt8(ascii: "\""): result.append(contentsOf: "&#34;".utf8)
      default: result.append(byte)
      }
    }
    try reserve(markup.byteCount)
    markup.isMarkup = true
    return markup
  }
}
