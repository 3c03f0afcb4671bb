/// Reads GBNF, the form of grammars of llama.cpp.
struct GBNFParser {
  private var scanner: FormScanner
  private var table = RuleTable()
  private var depth = 0

  static func grammar(_ text: String) throws(GrammarError) -> Grammar {
    var parser = GBNFParser(scanner: try FormScanner(text))
    parser.skipSpace(lines: true)
    while !parser.scanner.isAtEnd { try parser.rule() }
    return try parser.table.grammar(root: "root", end: parser.scanner.position)
  }

  private init(scanner: FormScanner) { self.scanner = scanner }

  /// Blanks and comments, and line ends where they mean nothing.
  private mutating func skipSpace(lines: Bool) {
    scanner.skipSpace(lines: lines, comments: Self.comments)
  }

  private static let comments: [StaticString] = ["#"]

  /// In a group a line end means nothing.
  private mutating func skipSpace() { skipSpace(lines: depth > 0) }

  // MARK: Rules

  private mutating func rule() throws(GrammarError) {
    let start = scanner.position
    let name = takeName()
    guard !name.isEmpty else { throw scanner.error("a rule begins with its name; there is \(scanner.found)") }
    skipSpace(lines: false)
    guard scanner.take("::=") else { throw scanner.error("a rule is name ::= …; there is \(scanner.found)") }
    skipSpace(lines: true)
    try table.define(name, at: start, as: alternatives())
    guard scanner.isAtEnd || scanner.next == UInt8(ascii: "\n") || scanner.next == UInt8(ascii: "\r") else {
      throw scanner.error("a rule ends with its line; there is \(scanner.found)")
    }
    skipSpace(lines: true)
  }

  private mutating func takeName() -> String {
    let name = scanner.take {
      $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
    }
    return String(decoding: name, as: UTF8.self)
  }

  private mutating func alternatives() throws(GrammarError) -> Grammar.Expression {
    var choices = [try sequence()]
    while scanner.takeBar(comments: Self.comments) { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func sequence() throws(GrammarError) -> Grammar.Expression {
    var items: [Grammar.Expression] = []
    while let item = try item() {
      skipSpace()
      items.append(try repeated(item))
      skipSpace()
    }
    return items.count == 1 ? items[0] : .sequence(items)
  }

  // MARK: Items

  /// What stands here, or nil where the sequence ends.
  private mutating func item() throws(GrammarError) -> Grammar.Expression? {
    let start = scanner.position
    switch scanner.next {
    case UInt8(ascii: "\""): return .terminal(.literal(try literal().utf8))
    case UInt8(ascii: "["): return table.character(of: try characterClass())
    case UInt8(ascii: "("): return try group()
    case UInt8(ascii: "."):
      scanner.position += 1
      return table.character(of: .all)
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
      throw scanner.error("this quantifier has nothing to repeat: put something before it")
    case UInt8(ascii: "<"), UInt8(ascii: "!"):
      throw .unsupported(what: "tokens in a grammar (at byte \(start)): write the token's text in quotes")
    default:
      let name = takeName()
      return name.isEmpty ? nil : .rule(table.rule(name, at: start))
    }
  }

  private mutating func group() throws(GrammarError) -> Grammar.Expression {
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
    guard scanner.take(")") else {
      throw scanner.isAtEnd
        ? scanner.error("this group is not closed: add a ')'", at: start)
        : scanner.error("nothing in a group begins with \(scanner.found)")
    }
    return inner
  }

  private mutating func repeated(_ item: Grammar.Expression) throws(GrammarError) -> Grammar.Expression {
    guard let counts = try takeQuantifier() else { return item }
    let second = scanner.position
    guard try takeQuantifier() == nil else {
      throw scanner.error("two quantifiers in a row: put a group around the first", at: second)
    }
    return .repetition(item, atLeast: counts.atLeast, atMost: counts.atMost)
  }

  private mutating func takeQuantifier() throws(GrammarError) -> RepetitionCounts? {
    if let counts = scanner.takeQuantifierSign() { return counts }
    let start = scanner.position
    guard scanner.take("{") else { return nil }
    let form = "a quantifier in braces is {n}, {n,} or {n,m}"
    skipSpace()
    guard let atLeast = scanner.takeNumber() else { throw scanner.error(form, at: start) }
    skipSpace()
    var atMost: Int? = atLeast
    if scanner.take(",") {
      skipSpace()
      atMost = scanner.takeNumber()
      skipSpace()
    }
    guard scanner.take("}") else { throw scanner.error(form, at: start) }
    return try RepetitionCounts(atLeast, atMost, at: start)
  }

  // MARK: Characters

  private mutating func literal() throws(GrammarError) -> String {
    let start = scanner.position
    scanner.position += 1
    var text = String.UnicodeScalarView()
    while !scanner.take("\"") {
      guard !scanner.isAtEnd else { throw scanner.error("this string is not closed: add a '\"'", at: start) }
      text.append(try character())
    }
    return String(text)
  }

  private mutating func characterClass() throws(GrammarError) -> ScalarSet {
    let start = scanner.position
    scanner.position += 1
    let isNegated = scanner.take("^")
    var ranges: [ClosedRange<UInt32>] = []
    while !scanner.take("]") {
      guard !scanner.isAtEnd else { throw scanner.error("this class is not closed: add a ']'", at: start) }
      let low = try character().value
      let dash = scanner.position
      guard scanner.byte(1) != UInt8(ascii: "]"), scanner.take("-"), !scanner.isAtEnd else {
        ranges.append(low...low)
        continue
      }
      let high = try character().value
      guard low <= high else { throw scanner.error("this range's end is before its beginning", at: dash) }
      ranges.append(low...high)
    }
    return isNegated ? ScalarSet(ranges).inverted : ScalarSet(ranges)
  }

  /// One character of a string or a class; an escape where there is a `\`.
  private mutating func character() throws(GrammarError) -> Unicode.Scalar {
    guard scanner.next == UInt8(ascii: "\\") else { return scanner.takeScalar() }
    return try scanner.takeEscape(literally: ["\\", "\"", "[", "]"])
  }
}
