/// Reads grammars as Lark writes them.
struct LarkParser {
  var scanner: FormScanner
  var grammar = LarkGrammar()
  private var depth = 0

  /// The longest grammar: each regular expression in it takes microseconds.
  private static let byteLimit = 1 << 17

  static func grammar(_ text: String) throws(GrammarError) -> LarkGrammar {
    var parser = LarkParser(scanner: try FormScanner(text, limit: byteLimit))
    parser.grammar.byteCount = parser.scanner.bytes.count
    parser.skipSpace(lines: true)
    while !parser.scanner.isAtEnd {
      try parser.scanner.next == UInt8(ascii: "%") ? parser.directive() : parser.definition()
      try parser.endLine()
    }
    return parser.grammar
  }

  private init(scanner: FormScanner) { self.scanner = scanner }

  /// Blanks and comments, and line ends where they mean nothing.
  mutating func skipSpace(lines: Bool) {
    scanner.skipSpace(lines: lines, comments: Self.comments)
  }

  private static let comments: [StaticString] = ["#", "//"]

  /// In parentheses a line end means nothing.
  private mutating func skipSpace() { skipSpace(lines: depth > 0) }

  private mutating func endLine() throws(GrammarError) {
    skipSpace(lines: false)
    guard scanner.isAtEnd || scanner.next == UInt8(ascii: "\n") || scanner.next == UInt8(ascii: "\r") else {
      throw scanner.error("nothing here begins with \(scanner.found)")
    }
    skipSpace(lines: true)
  }

  // MARK: Definitions

  private mutating func definition() throws(GrammarError) {
    // What '!' and '?' say is about trees, not texts.
    if !scanner.take("!") { _ = scanner.take("?") }
    _ = scanner.take("?")
    let start = scanner.position
    guard let name = takeName() else {
      throw scanner.error("a definition begins with its name; there is \(scanner.found)")
    }
    guard scanner.next != UInt8(ascii: "{") else { throw Self.templates(at: scanner.position) }
    if scanner.next == UInt8(ascii: "[") {
      throw .unsupported(
        what: "attributes of rules (at byte \(scanner.position)): only what a text may be is said here")
    }
    // A priority chooses among readings; all of them count here.
    if scanner.take(".") {
      _ = scanner.take("-")
      guard scanner.takeNumber() != nil else { throw scanner.error("a priority is a number") }
    }
    skipSpace(lines: false)
    guard scanner.take(":") else { throw scanner.error("a definition is name: …; there is \(scanner.found)") }
    skipSpace(lines: true)
    let expression = try alternatives()
    grammar.definitions.append(LarkGrammar.Definition(name: name, offset: start, expression: expression))
  }

  mutating func takeName() -> String? {
    guard let first = scanner.next, first.isASCIILetter || first == UInt8(ascii: "_") else { return nil }
    let name = scanner.take { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "_") }
    return String(decoding: name, as: UTF8.self)
  }

  static func templates(at offset: Int) -> GrammarError {
    .unsupported(what: "templates of rules (at byte \(offset)): write a rule for each use")
  }

  // MARK: Expressions

  mutating func alternatives() throws(GrammarError) -> LarkExpression {
    var choices = [try alternative()]
    while scanner.takeBar(comments: Self.comments) { choices.append(try alternative()) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func alternative() throws(GrammarError) -> LarkExpression {
    var items: [LarkExpression] = []
    while let item = try atom() {
      items.append(try repeated(item))
      skipSpace()
    }
    if scanner.take("->") {
      skipSpace()
      guard takeName() != nil else { throw scanner.error("a name follows '->'") }
      skipSpace()
    }
    return items.count == 1 ? items[0] : .sequence(items)
  }

  /// What stands here, or nil where the alternative ends.
  private mutating func atom() throws(GrammarError) -> LarkExpression? {
    let start = scanner.position
    switch scanner.next {
    case UInt8(ascii: "("): return try group(close: ")")
    case UInt8(ascii: "["):
      return .repetition(try group(close: "]"), RepetitionCounts(atLeast: 0, atMost: 1))
    case UInt8(ascii: "\""): return try stringOrRange()
    case UInt8(ascii: "/"): return try pattern()
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
      throw scanner.error("this quantifier has nothing to repeat: put something before it")
    case UInt8(ascii: "%"), UInt8(ascii: "<"), UInt8(ascii: "@"), UInt8(ascii: "&"), UInt8(ascii: "~"):
      throw .unsupported(
        what: "what begins with \(scanner.found) in a definition (at byte \(start)): use strings, regular expressions"
          + " between slashes, rules and terminals")
    default: break
    }
    guard let name = takeName() else { return nil }
    guard scanner.next != UInt8(ascii: "{") else { throw Self.templates(at: scanner.position) }
    return .name(name, offset: start)
  }

  private mutating func group(close: StaticString) throws(GrammarError) -> LarkExpression {
    let start = scanner.position
    guard depth < RegularLanguage.depthLimit else {
      throw .tooLarge(what: "groups in groups of a grammar", limit: RegularLanguage.depthLimit)
    }
    scanner.position += 1
    depth += 1
    skipSpace()
    let inner = try alternatives()
    skipSpace()
    depth -= 1
    guard scanner.take(close) else {
      throw scanner.isAtEnd
        ? scanner.error("this group is not closed: add a '\(close)'", at: start)
        : scanner.error("nothing in a group begins with \(scanner.found)")
    }
    return inner
  }

  private mutating func repeated(_ item: LarkExpression) throws(GrammarError) -> LarkExpression {
    skipSpace()
    guard let counts = try takeQuantifier() else { return item }
    skipSpace()
    let second = scanner.position
    guard try takeQuantifier() == nil else {
      throw scanner.error("two quantifiers in a row: put a group around the first", at: second)
    }
    return .repetition(item, counts)
  }

  /// `*`, `+`, `?`, `~ n` or `~ n..m`.
  private mutating func takeQuantifier() throws(GrammarError) -> RepetitionCounts? {
    if let counts = scanner.takeQuantifierSign() { return counts }
    let start = scanner.position
    guard scanner.take("~") else { return nil }
    skipSpace()
    guard let atLeast = scanner.takeNumber() else { throw scanner.error("a count is ~ n or ~ n..m", at: start) }
    guard scanner.take("..") else { return try RepetitionCounts(atLeast, atLeast, at: start) }
    guard let atMost = scanner.takeNumber() else { throw scanner.error("a count is ~ n or ~ n..m", at: start) }
    return try RepetitionCounts(atLeast, atMost, at: start)
  }
}
