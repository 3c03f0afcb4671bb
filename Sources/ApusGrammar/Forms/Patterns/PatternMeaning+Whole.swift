/// Whole texts, and lookbehinds, which speak of all that is before them.
extension PatternMeaning {
  mutating func language(of pattern: PatternNode) throws(GrammarError) -> RegularLanguage {
    var alternatives = [pattern]
    if case .choice(let parts) = pattern.kind { alternatives = parts }
    var plain: [PatternNode] = []
    var ways: [SizedLanguage] = []
    for alternative in alternatives {
      guard case .sequence(let parts) = alternative.kind, parts.contains(where: \.isLookbehind) else {
        if alternative.isLookbehind {
          ways.append(try texts(withLookbehinds: [alternative]))
        } else {
          plain.append(alternative)
        }
        continue
      }
      ways.append(try texts(withLookbehinds: parts[...]))
    }
    if !plain.isEmpty {
      let node = plain.count == 1 ? plain[0] : PatternNode(.choice(plain))
      ways.append(try texts(fromStart: texts(node, then: end())))
    }
    return try SizedLanguage.union(ways).language
  }

  /// What may follow the pattern.
  private mutating func end() throws(GrammarError) -> Rest {
    reading == .whole ? Rest(.empty) : Rest(try anyText())
  }

  /// Whole texts of which the pattern matches a part, or all: `rest` is what they may be from its beginning on.
  private mutating func texts(fromStart rest: Rest) throws(GrammarError) -> SizedLanguage {
    guard reading == .search else { return rest[.start] }
    guard rest.dependsOnBefore else { return try .concatenation([anyText(), rest[.other]]) }
    return try .union([
      rest[.start], .concatenation([textsEnding(inWord: true), rest[.word]]),
      .concatenation([textsEnding(inWord: false), rest[.other]]),
    ])
  }

  /// What all texts are that end with a match of `part`: what a lookbehind sees.
  private mutating func textsEnding(with part: PatternNode) throws(GrammarError) -> SizedLanguage {
    guard !part.hasLook else { throw Self.misplacedLook }
    let language = try anchored(part)
    guard !language.usesEnd else { throw Self.misplacedLook }
    let later = try SizedLanguage.concatenation([anyNonemptyText(), language[atStart: false, atEnd: false]])
    return try .union([language[atStart: true, atEnd: false], later])
  }

  /// Texts in which the parts of one alternative match.
  private mutating func texts(withLookbehinds parts: ArraySlice<PatternNode>) throws(GrammarError) -> SizedLanguage {
    var parts = parts
    // What is seen from the beginning or the end of the text is said of the text as a whole.
    var conditions = try takeLookbehindsAtEnd(&parts)
    guard parts.contains(where: \.isLookbehind) else {
      return try conditions.intersection(texts(fromStart: texts(sequence: parts, then: end())))
    }
    conditions = try conditions.intersection(takeLookaheadsAtStart(&parts))
    guard let last = parts.lastIndex(where: \.isLookbehind) else { throw Self.misplacedLook }
    let before = try beginnings(parts[..<last], behind: parts[last])
    let rest = try texts(sequence: parts[(last + 1)...], then: end())
    guard !rest.dependsOnBefore else { throw Self.misplacedLook }
    return try conditions.intersection(.concatenation([before, rest[.other]]))
  }

  /// `(?<!x)$`.
  private mutating func takeLookbehindsAtEnd(
    _ parts: inout ArraySlice<PatternNode>
  ) throws(GrammarError) -> SizedLanguage {
    let kept = parts.reversed().drop { $0.isLookbehind || $0.isEnd }.reversed()
    let dropped = parts.suffix(from: parts.startIndex + kept.count)
    let hasEnd = dropped.contains(where: \.isEnd)
    guard reading == .whole || hasEnd else { return .anything }
    var conditions = SizedLanguage.anything
    for case .look(let look, let part) in dropped.map(\.kind) {
      let seen = try textsEnding(with: part)
      conditions = try conditions.intersection(look.isNegative ? seen.complement : seen)
    }
    parts = ArraySlice(kept) + (hasEnd ? [PatternNode(.end)] : [])
    return conditions
  }

  /// `^(?!x)`.
  private mutating func takeLookaheadsAtStart(
    _ parts: inout ArraySlice<PatternNode>
  ) throws(GrammarError) -> SizedLanguage {
    let starts = parts.prefix { $0.isStart }
    guard reading == .whole || !starts.isEmpty else { return .anything }
    var conditions = SizedLanguage.anything
    let looks = parts.dropFirst(starts.count).prefix { $0.hasLook && !$0.isLookbehind }
    for look in looks {
      guard case .look = look.kind else { throw Self.misplacedLook }
      conditions = try conditions.intersection(texts(look, then: Rest(anyText()))[.start])
    }
    parts = ArraySlice(starts + parts.dropFirst(starts.count + looks.count))
    return conditions
  }

  /// What a text may be up to the end of `parts`, where `look` is kept too.
  private mutating func beginnings(
    _ parts: ArraySlice<PatternNode>, behind look: PatternNode
  ) throws(GrammarError) -> SizedLanguage {
    var result = try reading == .whole ? SizedLanguage.empty : anyText()
    var isFirst = true
    var parts = parts
    while !parts.isEmpty {
      let run = parts.prefix { !$0.hasLook }
      let language = try anchored(PatternNode(.sequence(Array(run))))
      guard !language.usesEnd, isFirst || !language.usesStart else { throw Self.misplacedLook }
      result = try texts(before: language, in: result)
      isFirst = false
      parts = parts.dropFirst(run.count)
      if let next = parts.popFirst() { result = try result.intersection(seen(by: next)) }
    }
    return try result.intersection(seen(by: look))
  }

  private mutating func texts(
    before language: AnchoredLanguage, in result: SizedLanguage
  ) throws(GrammarError) -> SizedLanguage {
    let later = language[atStart: false, atEnd: false]
    guard language.usesStart else { return try .concatenation([result, later]) }
    let first = language[atStart: true, atEnd: false]
    guard reading == .search else { return first }
    return try .union([first, .concatenation([anyNonemptyText(), later])])
  }

  /// What a text may be before a lookbehind.
  private mutating func seen(by node: PatternNode) throws(GrammarError) -> SizedLanguage {
    guard case .look(let look, let part) = node.kind, look.isBehind else { throw Self.misplacedLook }
    let seen = try textsEnding(with: part)
    return look.isNegative ? try seen.complement : seen
  }
}

extension PatternNode {
  fileprivate var isLookbehind: Bool { if case .look(let look, _) = kind { look.isBehind } else { false } }
  fileprivate var isEnd: Bool { if case .end = kind { true } else { false } }
  fileprivate var isStart: Bool { if case .start = kind { true } else { false } }
}
