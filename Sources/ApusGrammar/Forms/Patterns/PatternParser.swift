/// Reads regular expressions: ECMA-262 with the flag u, and what Python and Rust write differently where it is clear.
struct PatternParser {
  /// `(?i)` and `(?s)`.
  struct Flags {
    var ignoresCase = false
    var dotIsAny = false
  }

  var scanner: FormScanner
  var flags: Flags
  private var depth = 0
  /// Ranges of characters in all classes so far.
  private var rangeCount = 0

  /// The longest pattern, and the most ranges of characters: properties such as \p{L} have hundreds.
  private static let byteLimit = 1 << 16
  private static let rangeLimit = 200_000

  init(_ pattern: String, flags: Flags) throws(GrammarError) {
    scanner = try FormScanner(pattern, as: "a regular expression", limit: Self.byteLimit)
    self.flags = flags
  }

  /// The whole pattern.
  mutating func pattern() throws(GrammarError) -> PatternNode {
    let node = try alternatives()
    guard scanner.isAtEnd else { throw scanner.error("this ')' closes no group: remove it, or write \\)") }
    return node
  }

  /// Alternatives up to the end of the group or of the pattern.
  private mutating func alternatives() throws(GrammarError) -> PatternNode {
    var choices = [try sequence()]
    while scanner.take("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : PatternNode(.choice(choices))
  }

  private mutating func sequence() throws(GrammarError) -> PatternNode {
    var items: [PatternNode] = []
    while let byte = scanner.next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
      guard let item = try atom() else { continue }
      items.append(try quantified(item))
    }
    return items.count == 1 ? items[0] : PatternNode(.sequence(items))
  }

  /// What a quantifier applies to; nil for what only sets flags.
  private mutating func atom() throws(GrammarError) -> PatternNode? {
    let start = scanner.position
    switch scanner.next {
    case UInt8(ascii: "("): return try group()
    case UInt8(ascii: "["): return try character(of: try characterClass())
    case UInt8(ascii: "\\"): return try escapeOutsideClass()
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
      throw scanner.error("this quantifier has nothing to repeat: put something before it, or a \\ for the character")
    default: break
    }
    if scanner.take("^") { return PatternNode(.start) }
    if scanner.take("$") { return PatternNode(.end) }
    if scanner.take(".") { return try character(of: flags.dotIsAny ? .all : ScalarSet.lineEnds.inverted) }
    if try takeCounts() != nil {
      throw scanner.error("this quantifier has nothing to repeat: put something before it, or write \\{", at: start)
    }
    return try character(of: cased(ScalarSet(scanner.takeScalar())))
  }

  /// One character of a set.
  mutating func character(of set: ScalarSet) throws(GrammarError) -> PatternNode {
    rangeCount += set.ranges.count
    guard rangeCount <= Self.rangeLimit else {
      throw .tooLarge(what: "ranges of characters in a regular expression", limit: Self.rangeLimit)
    }
    return PatternNode(.character(set))
  }

  func cased(_ set: ScalarSet) -> ScalarSet { flags.ignoresCase ? set.ignoringCase : set }

  // MARK: Quantifiers

  private mutating func quantified(_ item: PatternNode) throws(GrammarError) -> PatternNode {
    let start = scanner.position
    guard let counts = try takeQuantifier() else { return item }
    guard !item.isAssertion else {
      throw scanner.error("an assertion cannot be repeated: put a group around it", at: start)
    }
    // The lazy form finds a shorter match first; which texts match is the same.
    if !scanner.take("?"), scanner.next == UInt8(ascii: "+") {
      throw .unsupported(what: "possessive quantifiers (\(scanner.found) at byte \(scanner.position))")
    }
    let second = scanner.position
    if try takeQuantifier() != nil {
      throw scanner.error("two quantifiers in a row: put a group around the first", at: second)
    }
    return PatternNode(.repetition(item, atLeast: counts.atLeast, atMost: counts.atMost))
  }

  private mutating func takeQuantifier() throws(GrammarError) -> RepetitionCounts? {
    if let counts = scanner.takeQuantifierSign() { return counts }
    return try takeCounts()
  }

  /// `{n}`, `{n,}` or `{n,m}`; any other brace is a character.
  private mutating func takeCounts() throws(GrammarError) -> RepetitionCounts? {
    let start = scanner.position
    guard scanner.take("{") else { return nil }
    if scanner.next == UInt8(ascii: ","), scanner.byte(1)?.isASCIIDigit == true {
      throw scanner.error("the least count is missing: write {0,…}, or \\{ for the character", at: start)
    }
    guard let atLeast = scanner.takeNumber() else {
      scanner.position = start
      return nil
    }
    var atMost: Int? = atLeast
    if scanner.take(",") { atMost = scanner.takeNumber() }
    guard scanner.take("}") else {
      scanner.position = start
      return nil
    }
    return try RepetitionCounts(atLeast, atMost, at: start)
  }

  // MARK: Groups

  private mutating func group() throws(GrammarError) -> PatternNode? {
    let start = scanner.position
    let outer = flags
    scanner.position += 1
    var look: PatternNode.Look?
    if scanner.take("?") {
      switch try groupKind(from: start) {
      case .flags: return nil
      case .group: break
      case .look(let found): look = found
      }
    }
    guard depth < RegularLanguage.depthLimit else {
      throw .tooLarge(what: "groups in groups of a regular expression", limit: RegularLanguage.depthLimit)
    }
    depth += 1
    let inner = try alternatives()
    depth -= 1
    guard scanner.take(")") else { throw scanner.error("this group is not closed: add a ')'", at: start) }
    flags = outer
    if let look { return PatternNode(.look(look, inner)) }
    // An assertion in a group may be repeated.
    return inner.isAssertion ? PatternNode(.sequence([inner])) : inner
  }

  private enum GroupKind {
    case group
    case look(PatternNode.Look)
    /// `(?i)`: to the end of the group that it is in.
    case flags
  }

  /// What follows `(?`.
  private mutating func groupKind(from start: Int) throws(GrammarError) -> GroupKind {
    if scanner.take(":") { return .group }
    if scanner.take("=") { return .look(PatternNode.Look(isBehind: false, isNegative: false)) }
    if scanner.take("!") { return .look(PatternNode.Look(isBehind: false, isNegative: true)) }
    if scanner.take("<=") { return .look(PatternNode.Look(isBehind: true, isNegative: false)) }
    if scanner.take("<!") { return .look(PatternNode.Look(isBehind: true, isNegative: true)) }
    if scanner.take("<") || scanner.take("P<") {
      let name = scanner.take { $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: ")") }
      guard !name.isEmpty, scanner.take(">") else { throw scanner.error("a group's name is (?<name>…)", at: start) }
      return .group
    }
    let names = scanner.take { $0.isASCIILetter }
    guard !names.isEmpty, scanner.next == UInt8(ascii: ")") || scanner.next == UInt8(ascii: ":") else {
      throw .unsupported(what: "groups that begin like the one at byte \(start): use (?:…) or (…)")
    }
    for name in names { try flags.set(name, at: start) }
    return scanner.take(")")
      ? .flags
      : {
        scanner.position += 1; return .group
      }()
  }
}

extension PatternParser.Flags {
  /// The flag of a letter, which stands at `offset`.
  mutating func set(_ letter: UInt8, at offset: Int) throws(GrammarError) {
    switch letter {
    case UInt8(ascii: "i"): ignoresCase = true
    case UInt8(ascii: "s"): dotIsAny = true
    case UInt8(ascii: "u"): break
    default:
      throw .unsupported(
        what: "the flag '\(Unicode.Scalar(letter))' of a regular expression (at byte \(offset)); there are i, s and u")
    }
  }
}
