/// From a pattern to its language.
///
/// A part without lookaheads has a language of its own. A lookahead speaks of all that follows, a word boundary of both
/// sides; so where there are some, the meaning is built from the end: from what may follow a part to what may stand from
/// its beginning on.
struct PatternMeaning {
  private let character: (ScalarSet) -> RegularLanguage
  let reading: RegularExpression.Reading
  private var characters: [ScalarSet: AnchoredLanguage] = [:]
  private var steps = 0

  /// Parts that may be looked at; repetitions of lookaheads look at theirs again and again.
  private static let stepLimit = SizedLanguage.sizeLimit

  init(character: @escaping (ScalarSet) -> RegularLanguage, reading: RegularExpression.Reading) {
    self.character = character
    self.reading = reading
  }

  // MARK: Parts without lookaheads

  mutating func anchored(_ node: PatternNode) throws(GrammarError) -> AnchoredLanguage {
    switch node.kind {
    case .character(let set): return try character(of: set)
    case .sequence(let parts): return try .concatenation(all(parts))
    case .choice(let parts): return try .union(all(parts))
    case .repetition(let part, let atLeast, let atMost):
      return try anchored(part).repeated(atLeast: atLeast, atMost: atMost)
    case .start: return .start
    case .end: return .end
    case .look, .wordBoundary: throw Self.misplacedLook
    }
  }

  private mutating func all(_ nodes: [PatternNode]) throws(GrammarError) -> [AnchoredLanguage] {
    var languages: [AnchoredLanguage] = []
    for node in nodes { languages.append(try anchored(node)) }
    return languages
  }

  private mutating func character(of set: ScalarSet) throws(GrammarError) -> AnchoredLanguage {
    if let known = characters[set] { return known }
    var last: AnchoredLanguage.LastCharacters = []
    if !set.intersection(.wordCharacters).isEmpty { last.insert(.word) }
    if !set.subtracting(.wordCharacters).isEmpty { last.insert(.other) }
    let language = AnchoredLanguage(set.isEmpty ? .nothing : try SizedLanguage(character(set)), last: last)
    characters[set] = language
    return language
  }

  /// One character of a set.
  mutating func language(of set: ScalarSet) throws(GrammarError) -> SizedLanguage {
    try character(of: set)[atStart: false, atEnd: false]
  }

  /// Any text.
  mutating func anyText() throws(GrammarError) -> SizedLanguage {
    try language(of: .all).repeated(atLeast: 0, atMost: nil)
  }

  /// Any text but the empty one.
  mutating func anyNonemptyText() throws(GrammarError) -> SizedLanguage {
    try language(of: .all).repeated(atLeast: 1, atMost: nil)
  }

  // MARK: From the end

  /// What a text may be from the beginning of `node` on, where it may be `rest` from its end on.
  mutating func texts(_ node: PatternNode, then rest: Rest) throws(GrammarError) -> Rest {
    steps += 1
    guard steps <= Self.stepLimit else {
      throw .tooLarge(what: "repetitions of lookaheads in a regular expression", limit: Self.stepLimit)
    }
    guard node.hasLook else { return try texts(anchored(node), then: rest) }
    switch node.kind {
    case .sequence(let parts): return try texts(sequence: parts[...], then: rest)
    case .choice(let parts):
      var result = Rest(.nothing)
      for part in parts {
        result = try result.combined(with: texts(part, then: rest)) { (a, b) throws(GrammarError) in try .union([a, b])
        }
      }
      return result
    case .repetition(let part, let atLeast, let atMost):
      return try texts(repeating: part, atLeast: atLeast, atMost: atMost, then: rest)
    case .look(let look, let part):
      guard !look.isBehind else { throw Self.misplacedLook }
      let seen = try texts(part, then: Rest(anyText()))
      return try rest.combined(with: seen) { (rest, seen) throws(GrammarError) in
        try rest.intersection(look.isNegative ? seen.complement : seen)
      }
    case .wordBoundary(let isNegative): return try texts(wordBoundary: isNegative, then: rest)
    case .character, .start, .end: return try texts(anchored(node), then: rest)
    }
  }

  /// Parts side by side without lookaheads are taken together, so that they become one flat part.
  mutating func texts(sequence parts: ArraySlice<PatternNode>, then rest: Rest) throws(GrammarError) -> Rest {
    var rest = rest
    var end = parts.endIndex
    while end > parts.startIndex {
      var start = end - 1
      guard !parts[start].hasLook else {
        rest = try texts(parts[start], then: rest)
        end = start
        continue
      }
      while start > parts.startIndex, !parts[start - 1].hasLook { start -= 1 }
      rest = try texts(anchored(PatternNode(.sequence(Array(parts[start..<end])))), then: rest)
      end = start
    }
    return rest
  }

  private mutating func texts(
    repeating part: PatternNode, atLeast: Int, atMost: Int?, then rest: Rest
  ) throws(GrammarError) -> Rest {
    if let result = try textsOfGuardedCharacters(part, atLeast: atLeast, atMost: atMost, then: rest) { return result }
    guard let atMost else {
      throw .unsupported(
        what: "lookaheads and word boundaries in an endless repetition: put them outside, or bound it with {0,n}")
    }
    var result = rest
    for count in stride(from: atMost, to: 0, by: -1) {
      let more = try texts(part, then: result)
      result =
        count <= atLeast
        ? more
        : try rest.combined(with: more) { (a, b) throws(GrammarError) in try .union([a, b]) }
    }
    return result
  }

  /// Texts in which no x begins up to their end, `((?!x).)*$`; nil for any other part.
  private mutating func textsOfGuardedCharacters(
    _ part: PatternNode, atLeast: Int, atMost: Int?, then rest: Rest
  ) throws(GrammarError) -> Rest? {
    guard rest.isEmptyString, case .sequence(let parts) = part.kind, parts.count == 2
    else { return nil }
    let isBefore = parts[0].hasLook
    guard case .look(let look, let inner) = parts[isBefore ? 0 : 1].kind, look.isNegative, !look.isBehind,
      case .character(let set) = parts[isBefore ? 1 : 0].kind
    else { return nil }
    let seen = try texts(inner, then: Rest(anyText()))
    guard !seen.dependsOnBefore else { return nil }
    // Before a character: at all places but the end. Behind one: at all but the beginning.
    let forbidden =
      isBefore
      ? try SizedLanguage.concatenation([anyText(), seen[.other].withoutEmpty])
      : try SizedLanguage.concatenation([anyNonemptyText(), seen[.other]])
    let characters = try language(of: set).repeated(atLeast: atLeast, atMost: atMost)
    return Rest(try characters.intersection(forbidden.complement))
  }

  static let misplacedLook = GrammarError.unsupported(
    what: "lookbehinds here: they can stand between the parts of a whole alternative, behind no lookahead or word"
      + " boundary but lookaheads at the text's beginning")
}
