/// What a text may be from a place on, which may depend on what is before that place.
struct PatternRest: Sendable {
  /// The text's beginning, a word's character, or any other one.
  enum Before { case start, word, other }

  private let start: SizedLanguage
  private let word: SizedLanguage
  private let other: SizedLanguage
  /// Whether the beginning differs from other characters, and whether words do.
  let usesStart: Bool
  let usesWord: Bool

  init(_ language: SizedLanguage) {
    (start, word, other) = (language, language, language)
    (usesStart, usesWord) = (false, false)
  }

  init(
    usesStart: Bool, usesWord: Bool, _ language: (Before) throws(GrammarError) -> SizedLanguage
  ) throws(GrammarError) {
    other = try language(.other)
    start = usesStart ? try language(.start) : other
    word = usesWord ? try language(.word) : other
    self.usesStart = usesStart
    self.usesWord = usesWord
  }

  subscript(before: Before) -> SizedLanguage {
    switch before {
    case .start: start
    case .word: word
    case .other: other
    }
  }

  var dependsOnBefore: Bool { usesStart || usesWord }

  /// Whether it is surely the text's end.
  var isEmptyString: Bool { start.isEmptyString && word.isEmptyString && other.isEmptyString }

  /// Made of this one, and of another, place by place.
  func combined(
    with that: PatternRest, _ operation: (SizedLanguage, SizedLanguage) throws(GrammarError) -> SizedLanguage
  ) throws(GrammarError) -> PatternRest {
    try PatternRest(usesStart: usesStart || that.usesStart, usesWord: usesWord || that.usesWord) {
      (before) throws(GrammarError) in
      try operation(self[before], that[before])
    }
  }
}
