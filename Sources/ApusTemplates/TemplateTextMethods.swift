internal import ApusText

/// Python's methods of strings.
enum TemplateTextMethods {
  typealias Method = TemplateMethods.Method

  static let table = TemplateOperation.table(
    predicates.merging(conversions) { $1 }.merging(searches) { $1 }, costs: costs)

  /// The methods that do not cost the standard.
  private static let costs: [String: TemplateCost] = [
    "isascii": TemplateCost(.texts, rate: 4),
    "strip": TemplateCost(.texts, rate: 16), "lstrip": TemplateCost(.texts, rate: 16),
    "rstrip": TemplateCost(.texts, rate: 16),
    "startswith": TemplateCost(.everything, rate: 4), "endswith": TemplateCost(.everything, rate: 4),
    "removeprefix": TemplateCost(.texts, rate: 8), "removesuffix": TemplateCost(.texts, rate: 8),
    "center": TemplateCost(.texts, rate: 8), "ljust": TemplateCost(.texts, rate: 8),
    "rjust": TemplateCost(.texts, rate: 8), "zfill": TemplateCost(.texts, rate: 8),
    "split": TemplateCost(.texts, rate: 16), "rsplit": TemplateCost(.texts, rate: 16),
    "partition": TemplateCost(.texts, rate: 16), "rpartition": TemplateCost(.texts, rate: 16),
    "find": TemplateCost(.texts, rate: 16), "rfind": TemplateCost(.texts, rate: 16),
    "index": TemplateCost(.texts, rate: 16), "rindex": TemplateCost(.texts, rate: 16),
    "count": TemplateCost(.texts, rate: 16), "replace": TemplateCost(.texts, rate: 24),
    "join": TemplateCost(.items, rate: 16),
    "title": TemplateCost(.texts, rate: 128), "istitle": TemplateCost(.texts, rate: 128),
    "swapcase": TemplateCost(.texts, rate: 128), "isidentifier": TemplateCost(.texts, rate: 128),
    "format": TemplateCost(.texts, rate: 64), "format_map": TemplateCost(.items, rate: 64),
  ]

  /// Makes a method from a function of the text that takes no arguments.
  private static func plain(
    _ name: String, _ body: @escaping @Sendable (TemplateText) -> TemplateValue
  ) -> Method {
    { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none(name)
      let text = try value.requireText("the receiver")
      let result = body(text)
      if case .text(let text) = result { try interpreter.reserve(text.byteCount) }
      return result
    }
  }

  private static let predicates: [String: Method] = [
    "isdigit": plain("isdigit") { .bool($0.all(\.isPythonDigit)) },
    "isdecimal": plain("isdecimal") { .bool($0.all(\.isPythonDecimal)) },
    "isnumeric": plain("isnumeric") { .bool($0.all(\.isPythonNumeric)) },
    "isalpha": plain("isalpha") { .bool($0.all(\.isPythonAlpha)) },
    "isalnum": plain("isalnum") { .bool($0.all(\.isPythonAlphanumeric)) },
    "isspace": plain("isspace") { .bool($0.all(\.isPythonSpace)) },
    "isascii": plain("isascii") { .bool($0.isASCII) },
    "isprintable": plain("isprintable") { .bool($0.scalars.allSatisfy(\.isPythonPrintable)) },
    "isupper": plain("isupper") { .bool($0.allCased(\.isPythonUpper)) },
    "islower": plain("islower") { .bool($0.allCased(\.isPythonLower)) },
    "istitle": plain("istitle") { .bool($0.allCased { _ in true } && $0 == $0.titlecased()) },
    "isidentifier": plain("isidentifier") { text in
      let first = text.scalars.first
      return .bool(
        first.map { $0 == "_" || $0.properties.isXIDStart } ?? false
          && text.scalars.allSatisfy(\.properties.isXIDContinue))
    },
  ]

  private static let conversions: [String: Method] = [
    "upper": plain("upper") { .text($0.uppercased()) },
    "lower": plain("lower") { .text($0.lowercased()) },
    "casefold": plain("casefold") { .text($0.lowercased()) },
    "swapcase": plain("swapcase") { .text($0.swappedCase()) },
    "capitalize": plain("capitalize") { .text($0.capitalized()) },
    "title": plain("title") { .text($0.titlecased()) },
    "strip": strip(.both),
    "lstrip": strip(.left),
    "rstrip": strip(.right),
    "removeprefix": affix { text, affix in
      (text.utf8.starts(with: affix.utf8) ? affix.byteCount : 0)..<text.byteCount
    },
    "removesuffix": affix { text, affix in
      0..<text.byteCount - (text.utf8.reversed().starts(with: affix.utf8.reversed()) ? affix.byteCount : 0)
    },
    "center": { (interpreter, value, arguments) throws(TemplateError) in
      try pad(interpreter, value, arguments) { ($0 / 2) + ($0 & $1 & 1) }
    },
    "ljust": { (interpreter, value, arguments) throws(TemplateError) in
      try pad(interpreter, value, arguments) { _, _ in 0 }
    },
    "rjust": { (interpreter, value, arguments) throws(TemplateError) in
      try pad(interpreter, value, arguments) { missing, _ in missing }
    },
    "zfill": { (interpreter, value, arguments) throws(TemplateError) in try zeroFill(interpreter, value, arguments) },
    "expandtabs": { (interpreter, value, arguments) throws(TemplateError) in
      try expandTabs(interpreter, value, arguments)
    },
    "format": { (interpreter, value, arguments) throws(TemplateError) in
      .text(try interpreter.braceFormat(try value.requireText("the format"), arguments))
    },
    "format_map": { (interpreter, value, arguments) throws(TemplateError) in
      guard case .dictionary(let dictionary) = try arguments.only("format_map") else {
        throw .runtime("format_map() takes a mapping")
      }
      var named = TemplateArguments()
      for (key, value) in zip(dictionary.keys, dictionary.values) {
        if case .text(let name) = key { named.named.append((name, value)) }
      }
      return .text(try interpreter.braceFormat(try value.requireText("the format"), named))
    },
  ]

  private static let searches: [String: Method] = [
    "split": { (interpreter, value, arguments) throws(TemplateError) in
      try split(interpreter, value, arguments, fromEnd: false)
    },
    "rsplit": { (interpreter, value, arguments) throws(TemplateError) in
      try split(interpreter, value, arguments, fromEnd: true)
    },
    "splitlines": { (interpreter, value, arguments) throws(TemplateError) in
      let text = try receiver(value)
      let keeps = try arguments.bind("splitlines", "keepends")[0]?.isTrue ?? false
      return try .list(try interpreter.paid(text.lines(keepingEnds: keeps)))
    },
    "join": { (interpreter, value, arguments) throws(TemplateError) in try join(interpreter, value, arguments) },
    "replace": { (interpreter, value, arguments) throws(TemplateError) in
      let bound = try arguments.bind("replace", "old", "new", "count")
      return .text(
        try interpreter.replaced(
          try receiver(value), try (bound[0] ?? .none).requireText("replace() argument 1"),
          try (bound[1] ?? .none).requireText("replace() argument 2"), bound[2]))
    },
    "startswith": { (interpreter, value, arguments) throws(TemplateError) in
      try affixTest(value, arguments) { $0.starts(with: $1) }
    },
    "endswith": { (interpreter, value, arguments) throws(TemplateError) in
      try affixTest(value, arguments) { $0.suffix($1.count).elementsEqual($1) }
    },
    "find": { (interpreter, value, arguments) throws(TemplateError) in
      .int(try find(value, arguments, fromEnd: false) ?? -1)
    },
    "rfind": { (interpreter, value, arguments) throws(TemplateError) in
      .int(try find(value, arguments, fromEnd: true) ?? -1)
    },
    "index": { (interpreter, value, arguments) throws(TemplateError) in
      guard let index = try find(value, arguments, fromEnd: false) else {
        throw .runtime("substring not found")
      }
      return .int(index)
    },
    "rindex": { (interpreter, value, arguments) throws(TemplateError) in
      guard let index = try find(value, arguments, fromEnd: true) else {
        throw .runtime("substring not found")
      }
      return .int(index)
    },
    "count": { (interpreter, value, arguments) throws(TemplateError) in
      let (part, text, _) = try window(value, arguments)
      guard let text else { return .int(0) }
      return .int(part.isEmpty ? text.count + 1 : text.utf8.positions(of: part.utf8).count)
    },
    "partition": { (interpreter, value, arguments) throws(TemplateError) in
      try partition(value, arguments, fromEnd: false)
    },
    "rpartition": { (interpreter, value, arguments) throws(TemplateError) in
      try partition(value, arguments, fromEnd: true)
    },
  ]

  // MARK: Pieces

  /// The text a method is called on.
  private static func receiver(_ value: TemplateValue) throws(TemplateError) -> TemplateText {
    try value.requireText("the receiver")
  }

  private static func strip(_ side: TemplateText.Side) -> Method {
    { (interpreter, value, arguments) throws(TemplateError) in
      let text = try receiver(value)
      guard arguments.positional.count <= 1, arguments.named.isEmpty else {
        throw .runtime("strip() takes at most one argument")
      }
      guard let characters = arguments.positional.first, !characters.isNone else {
        return .text(text.stripped(side))
      }
      let set = try characters.requireText("the argument of strip()")
      return .text(text.stripped(side, of: set))
    }
  }

  private static func affix(_ rest: @escaping @Sendable (TemplateText, TemplateText) -> Range<Int>) -> Method {
    { (interpreter, value, arguments) throws(TemplateError) in
      let text = try receiver(value)
      let affix = try arguments.only("removeprefix").requireText("the prefix or suffix")
      return .text(text[rest(text, affix)])
    }
  }

  /// Pads to a width; `left` says how many of the missing characters (first argument) go to the left.
  private static func pad(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments,
    left: (_ missing: Int, _ width: Int) -> Int
  ) throws(TemplateError) -> TemplateValue {
    let text = try receiver(value)
    let bound = try arguments.bind("center", "width", "fillchar")
    let width = try (bound[0] ?? .none).requireIndex("the width")
    let fill = try bound[1]?.requireText("the fill character") ?? TemplateText(" ", by: .template)
    guard fill.count == 1 else { throw .runtime("The fill character must be exactly one character long") }
    let count = text.count
    guard width > count else { return value }
    let missing = width - count
    let before = left(missing, width)
    let filling = try interpreter.repeated(fill, missing)
    try interpreter.reserve(filling.byteCount + text.byteCount)
    let cut = before * fill.byteCount
    return .text(filling[0..<cut] + text + filling[cut..<filling.byteCount])
  }

  private static func zeroFill(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let text = try receiver(value)
    let width = try arguments.only("zfill").requireIndex("the width")
    let count = text.count
    guard width > count else { return value }
    let zeros = try interpreter.repeated(TemplateText("0", by: .template), width - count)
    let hasSign = text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
    let start = hasSign ? 1 : 0
    return .text(text[0..<start] + zeros + text[start..<text.byteCount])
  }

  private static func expandTabs(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let text = try receiver(value)
    let size = try arguments.bind("expandtabs", "tabsize")[0]?.requireIndex("the tab size") ?? 8
    guard size <= 1024 else { throw .limit("a tab is at most 1024 wide") }
    var result = TemplateTextBuilder()
    var column = 0
    try text.forEachRun { (utf8, author) throws(TemplateError) in
      for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars {
        if scalar == "\t" {
          let spaces = size > 0 ? size - column % size : 0
          try interpreter.spend(spaces / TemplateInterpreter.copiedBytesPerUnit)
          result.append(repeatElement(0x20, count: spaces), by: author)
          column += spaces
          try interpreter.reserve(result.byteCount)
        } else {
          result.append(String(scalar).utf8, by: author)
          column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
        }
      }
    }
    return .text(result.text)
  }

  private static func split(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments, fromEnd: Bool
  ) throws(TemplateError) -> TemplateValue {
    let text = try receiver(value)
    let bound = try arguments.bind("split", "sep", "maxsplit")
    let given = try bound[1]?.requireIndex("maxsplit") ?? -1
    let limit = given < 0 ? Int.max : given
    guard let separator = bound[0], !separator.isNone else {
      let parts = fromEnd ? text.splitAtSpaceFromEnd(limit: limit) : text.splitAtSpace(limit: limit)
      return try .list(try interpreter.paid(parts))
    }
    let cut = try separator.requireText("the separator")
    guard !cut.isEmpty else { throw .runtime("empty separator") }
    return try .list(try interpreter.paid(text.split(by: cut.utf8, limit: limit, fromEnd: fromEnd)))
  }

  private static func join(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let separator = try receiver(value)
    var parts: [TemplateText] = []
    for item in try interpreter.items(of: try arguments.only("join"), for: "can only join an iterable, not") {
      guard case .text(let text) = item else {
        throw .runtime("sequence item \(parts.count): expected str instance, \(item.typeName) found")
      }
      parts.append(text)
    }
    return .text(try interpreter.joined(parts, by: separator))
  }

  private static func affixTest(
    _ value: TemplateValue, _ arguments: TemplateArguments,
    _ matches: (ArraySlice<UInt8>, [UInt8]) -> Bool
  ) throws(TemplateError) -> TemplateValue {
    guard let first = arguments.positional.first else { throw .runtime("startswith() takes an argument") }
    var affixes: [TemplateText] = []
    if case .tuple(let tuple) = first {
      for item in tuple.items { affixes.append(try item.requireText("a prefix or suffix")) }
    } else {
      affixes = [try first.requireText("startswith first arg")]
    }
    let (text, isValid) = try cut(value, arguments)
    guard isValid else { return .bool(false) }
    return .bool(affixes.contains { matches(text.utf8[...], $0.utf8) })
  }

  /// The part of the receiver between the second and third argument, and whether it lies inside of the text.
  private static func cut(
    _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> (text: TemplateText, isValid: Bool) {
    guard arguments.positional.count <= 3, arguments.named.isEmpty else {
      throw .runtime("the method takes at most three arguments")
    }
    let text = try value.requireText("the receiver")
    guard arguments.positional.count > 1 else { return (text, true) }
    var bounds: [Int?] = []
    for bound in arguments.positional.dropFirst() {
      bounds.append(bound.isNone ? nil : try bound.requireIndex("a slice index"))
    }
    let length = text.count
    let range = SliceRange(start: bounds[0], stop: bounds.count > 1 ? bounds[1] : nil, step: 1, length: length)
    let isInside = (bounds[0] ?? 0) <= length && (range.count > 0 || isOrdered(bounds, length))
    return (text.slice(range), isInside)
  }

  /// Whether the first bound is not behind the second: an empty part is found there, but not behind.
  private static func isOrdered(_ bounds: [Int?], _ length: Int) -> Bool {
    func clamp(_ bound: Int) -> Int { min(max(bound < 0 ? bound + length : bound, 0), length) }
    return clamp(bounds[0] ?? 0) <= clamp((bounds.count > 1 ? bounds[1] : nil) ?? length)
  }

  /// What is searched for, where (nil: nowhere), and how many characters stand before that.
  private static func window(
    _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> (part: TemplateText, text: TemplateText?, offset: Int) {
    guard let first = arguments.positional.first else { throw .runtime("the method takes an argument") }
    let part = try first.requireText("must be str: the argument")
    let whole = try receiver(value)
    let (text, isValid) = try cut(value, arguments)
    let start = arguments.positional.count > 1 ? arguments.positional[1].index ?? 0 : 0
    let offset = start == 0 ? 0 : SliceRange(start: start, stop: nil, step: 1, length: whole.count).start
    return (part, isValid ? text : nil, offset)
  }

  private static func find(
    _ value: TemplateValue, _ arguments: TemplateArguments, fromEnd: Bool
  ) throws(TemplateError) -> Int? {
    let (part, text, offset) = try window(value, arguments)
    guard let text else { return nil }
    if part.isEmpty { return offset + (fromEnd ? text.count : 0) }
    return text.utf8.positions(of: part.utf8, limit: 1, fromEnd: fromEnd).first.map {
      offset + text.characterIndex(ofByte: $0)
    }
  }

  private static func partition(
    _ value: TemplateValue, _ arguments: TemplateArguments, fromEnd: Bool
  ) throws(TemplateError) -> TemplateValue {
    let text = try receiver(value)
    let separator = try arguments.only("partition").requireText("the separator")
    guard !separator.isEmpty else { throw .runtime("empty separator") }
    let parts = text.split(by: separator.utf8, limit: 1, fromEnd: fromEnd)
    if parts.count == 2 {
      // The separator as it stands in the text: its author is the text's.
      let start = parts[0].byteCount
      let found = text[start..<(start + separator.byteCount)]
      return try .tuple([.text(parts[0]), .text(found), .text(parts[1])])
    }
    let empty = TemplateValue.text(TemplateText.empty)
    return try .tuple(fromEnd ? [empty, empty, .text(text)] : [.text(text), empty, empty])
  }
}

extension TemplateInterpreter {
  /// Texts as values, each paid for as an element.
  func paid(_ texts: [TemplateText]) throws(TemplateError) -> [TemplateValue] {
    try spend(texts.count * 4)
    return texts.map { .text($0) }
  }

  func joined(_ parts: [TemplateText], by separator: TemplateText) throws(TemplateError) -> TemplateText {
    var size = 0
    for part in parts { size += part.byteCount }
    let (separators, overflow) = separator.byteCount.multipliedReportingOverflow(by: max(parts.count - 1, 0))
    try reserve(overflow || separators > TemplateLimits.textByteCount ? .max : size + separators)
    try spend((size + separators) / Self.copiedBytesPerUnit + parts.count)
    var builder = TemplateTextBuilder()
    builder.reserveCapacity(size + separators)
    for (index, part) in parts.enumerated() {
      if index > 0 { builder.append(separator) }
      builder.append(part)
    }
    let text = builder.text
    try spend(text.origin.changeCount)
    return text
  }

  func replaced(
    _ text: TemplateText, _ old: TemplateText, _ new: TemplateText, _ count: TemplateValue?
  ) throws(TemplateError) -> TemplateText {
    var limit = Int.max
    if let count, !count.isNone {
      let given = try count.requireIndex("the count")
      limit = given < 0 ? .max : given
    }
    guard let result = text.replacing(old, with: new, limit: limit, byteLimit: TemplateLimits.textByteCount) else {
      throw .limit("a text would be larger than \(TemplateLimits.textByteCount) bytes")
    }
    try spend(result.byteCount / Self.copiedBytesPerUnit + result.origin.changeCount)
    return result
  }
}
