/// From a pattern to its language.
///
/// A part without lookaheads has a language of its own. A lookahead speaks of all that follows; so where there are some,
/// the meaning is built from the end: from what may follow a part to what may stand from its beginning on.
struct PatternMeaning {
  /// What a text may be from a place on, which may depend on whether that place is the text's beginning.
  struct Rest {
    let atStart: SizedLanguage
    let later: SizedLanguage
    let usesStart: Bool

    init(_ language: SizedLanguage) {
      atStart = language
      later = language
      usesStart = false
    }

    init(atStart: SizedLanguage, later: SizedLanguage) {
      self.atStart = atStart
      self.later = later
      usesStart = true
    }

    /// Made of this one, and of another, place by place.
    func combined(
      with other: Rest, _ operation: (SizedLanguage, SizedLanguage) throws(GrammarError) -> SizedLanguage
    ) throws(GrammarError) -> Rest {
      let later = try operation(later, other.later)
      guard usesStart || other.usesStart else { return Rest(later) }
      return Rest(atStart: try operation(atStart, other.atStart), later: later)
    }
  }

  private let character: (ScalarSet) -> RegularLanguage
  let reading: RegularExpression.Reading
  private var characters: [ScalarSet: SizedLanguage] = [:]
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
    case .character(let set): return AnchoredLanguage(try language(of: set))
    case .sequence(let parts): return try .concatenation(all(parts))
    case .choice(let parts): return try .union(all(parts))
    case .repetition(let part, let atLeast, let atMost):
      return try anchored(part).repeated(atLeast: atLeast, atMost: atMost)
    case .start: return .start
    case .end: return .end
    case .look: throw Self.misplacedLook
    }
  }

  private mutating func all(_ nodes: [PatternNode]) throws(GrammarError) -> [AnchoredLanguage] {
    var languages: [AnchoredLanguage] = []
    for node in nodes { languages.append(try anchored(node)) }
    return languages
  }

  private mutating func language(of set: ScalarSet) throws(GrammarError) -> SizedLanguage {
    if let known = characters[set] { return known }
    let language = set.isEmpty ? .nothing : try SizedLanguage(character(set))
    characters[set] = language
    return language
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
    guard node.hasLook else { return try anchored(node).followed(by: rest) }
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
    case .character, .start, .end: return try anchored(node).followed(by: rest)
    }
  }

  /// Parts side by side without lookaheads are taken together, so that they become one flat part.
  mutating func texts(sequence parts: ArraySlice<PatternNode>, then rest: Rest) throws(GrammarError) -> Rest {
    var rest = rest
    var parts = parts
    while let last = parts.last {
      let run = parts.reversed().prefix { !$0.hasLook }
      if run.isEmpty {
        rest = try texts(last, then: rest)
        parts.removeLast()
      } else {
        rest = try anchored(PatternNode(.sequence(run.reversed()))).followed(by: rest)
        parts.removeLast(run.count)
      }
    }
    return rest
  }

  private mutating func texts(
    repeating part: PatternNode, atLeast: Int, atMost: Int?, then rest: Rest
  ) throws(GrammarError) -> Rest {
    if let result = try textsOfGuardedCharacters(part, atLeast: atLeast, atMost: atMost, then: rest) { return result }
    guard let atMost else {
      throw .unsupported(what: "lookaheads in an endless repetition: put them before it, or bound it with {0,n}")
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
    guard rest.later.isEmptyString, rest.atStart.isEmptyString, case .sequence(let parts) = part.kind, parts.count == 2
    else { return nil }
    let isBefore = parts[0].hasLook
    guard case .look(let look, let inner) = parts[isBefore ? 0 : 1].kind, look.isNegative, !look.isBehind,
      case .character(let set) = parts[isBefore ? 1 : 0].kind
    else { return nil }
    let seen = try texts(inner, then: Rest(anyText()))
    guard !seen.usesStart else { return nil }
    // Before a character: at all places but the end. Behind one: at all but the beginning.
    let forbidden =
      isBefore
      ? try SizedLanguage.concatenation([anyText(), seen.later.withoutEmpty])
      : try SizedLanguage.concatenation([anyNonemptyText(), seen.later])
    let characters = try language(of: set).repeated(atLeast: atLeast, atMost: atMost)
    return Rest(try characters.intersection(forbidden.complement))
  }

  static let misplacedLook = GrammarError.unsupported(
    what: "lookbehinds here: they can stand between the parts of a whole alternative, behind no lookahead but such at"
      + " the text's beginning")
}

extension AnchoredLanguage {
  /// What a text may be from the beginning of this part on, where it may be `rest` from its end on.
  func followed(by rest: PatternMeaning.Rest) throws(GrammarError) -> PatternMeaning.Rest {
    let texts = { (atStart: Bool) throws(GrammarError) -> SizedLanguage in
      var inside = self[atStart: atStart, atEnd: false]
      var ways: [SizedLanguage] = []
      if rest.usesStart, atStart, inside.hasEmpty {
        ways.append(rest.atStart)
        inside = try inside.withoutEmpty
      }
      ways.append(try .concatenation([inside, rest.later]))
      guard usesEnd else { return try .union(ways) }
      let last = self[atStart: atStart, atEnd: true]
      if rest.later.hasEmpty { ways.append(rest.usesStart && atStart ? try last.withoutEmpty : last) }
      if rest.usesStart, atStart, last.hasEmpty, rest.atStart.hasEmpty { ways.append(.empty) }
      return try .union(ways)
    }
    guard usesStart || rest.usesStart else { return PatternMeaning.Rest(try texts(false)) }
    return PatternMeaning.Rest(atStart: try texts(true), later: try texts(false))
  }
}
