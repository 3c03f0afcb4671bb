/// Where one part ends and the rest begins.
extension PatternMeaning {
  typealias Rest = PatternRest

  /// What a text may be from the beginning of a part on, where it may be `rest` from its end on.
  mutating func texts(_ part: AnchoredLanguage, then rest: Rest) throws(GrammarError) -> Rest {
    let endings = try endings(of: part, for: rest)
    // Only what is before an empty part is before the rest too.
    let mayBeEmpty = part.mayBeEmpty
    return try Rest(
      usesStart: part.usesStart || rest.usesStart && mayBeEmpty, usesWord: rest.usesWord && mayBeEmpty
    ) { (before) throws(GrammarError) in
      var ways: [SizedLanguage] = []
      let inside = part[atStart: before == .start, atEnd: false]
      if rest.dependsOnBefore, inside.hasEmpty { ways.append(rest[before]) }
      for (ending, after) in endings {
        let language = try inside.intersection(ending)
        ways.append(try .concatenation([language, rest[after]]))
      }
      guard part.usesEnd else { return try .union(ways) }
      let last = part[atStart: before == .start, atEnd: true]
      if rest.dependsOnBefore, last.hasEmpty, rest[before].hasEmpty { ways.append(.empty) }
      for (ending, after) in endings where rest[after].hasEmpty {
        ways.append(try last.intersection(ending))
      }
      return try .union(ways)
    }
  }

  /// What strings of a part leave before the rest, and which strings; the empty one is none of them where that matters.
  private mutating func endings(
    of part: AnchoredLanguage, for rest: Rest
  ) throws(GrammarError) -> [(strings: SizedLanguage, before: Rest.Before)] {
    let any = rest.dependsOnBefore && part.mayBeEmpty ? try SizedLanguage.empty.complement : .anything
    guard rest.usesWord else { return [(any, .other)] }
    if part.last == [] { return [] }
    if part.last == .word { return [(any, .word)] }
    if part.last == .other { return [(any, .other)] }
    return [(try textsEnding(inWord: true), .word), (try textsEnding(inWord: false), .other)]
  }

  mutating func texts(wordBoundary isNegative: Bool, then rest: Rest) throws(GrammarError) -> Rest {
    let wordFollows = try SizedLanguage.concatenation([language(of: .wordCharacters), anyText()])
    let noneFollows = try wordFollows.complement
    return try Rest(usesStart: rest.usesStart, usesWord: true) { (before) throws(GrammarError) in
      try rest[before].intersection((before == .word) == isNegative ? wordFollows : noneFollows)
    }
  }

  /// Texts whose last character is one of a word, or is none; never the empty text.
  mutating func textsEnding(inWord isWord: Bool) throws(GrammarError) -> SizedLanguage {
    let last = isWord ? ScalarSet.wordCharacters : ScalarSet.wordCharacters.inverted
    return try .concatenation([anyText(), language(of: last)])
  }
}
