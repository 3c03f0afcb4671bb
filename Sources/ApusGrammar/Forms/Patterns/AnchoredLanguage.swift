/// What a part of a regular expression matches, which `^` and `$` in it make depend on where it stands.
///
/// Four languages: for a part of the text that begins where the text begins or not, and ends where it ends or not. At
/// the beginning and at the end more is allowed than elsewhere, never less.
struct AnchoredLanguage: Sendable {
  /// Whether there is a `^` in it, and a `$`.
  let usesStart: Bool
  let usesEnd: Bool
  /// What its strings may end in.
  let last: LastCharacters
  /// At `2 * atStart + atEnd`, or one for all.
  private let languages: [SizedLanguage]

  /// Whether characters of words, or others, may be the last ones of a language's strings.
  struct LastCharacters: OptionSet, Sendable {
    let rawValue: Int
    static let word = LastCharacters(rawValue: 1)
    static let other = LastCharacters(rawValue: 2)
  }

  private init(
    usesStart: Bool, usesEnd: Bool, last: LastCharacters,
    _ language: (_ atStart: Bool, _ atEnd: Bool) throws(GrammarError) -> SizedLanguage
  ) throws(GrammarError) {
    self.usesStart = usesStart
    self.usesEnd = usesEnd
    self.last = last
    let inside = try language(false, false)
    guard usesStart || usesEnd else {
      languages = [inside]
      return
    }
    let final = usesEnd ? try language(false, true) : inside
    let first = usesStart ? try language(true, false) : inside
    let whole = usesStart ? (usesEnd ? try language(true, true) : first) : final
    languages = [inside, final, first, whole]
  }

  /// The same everywhere.
  init(_ language: SizedLanguage, last: LastCharacters) {
    (usesStart, usesEnd) = (false, false)
    self.last = last
    languages = [language]
  }

  static var start: AnchoredLanguage {
    AnchoredLanguage(only: { atStart, _ in atStart }, usesStart: true, usesEnd: false)
  }
  static var end: AnchoredLanguage { AnchoredLanguage(only: { _, atEnd in atEnd }, usesStart: false, usesEnd: true) }

  private init(only isThere: (_ atStart: Bool, _ atEnd: Bool) -> Bool, usesStart: Bool, usesEnd: Bool) {
    self.usesStart = usesStart
    self.usesEnd = usesEnd
    last = []
    languages = [(false, false), (false, true), (true, false), (true, true)].map { isThere($0, $1) ? .empty : .nothing }
  }

  subscript(atStart atStart: Bool, atEnd atEnd: Bool) -> SizedLanguage {
    languages[languages.count == 1 ? 0 : (atStart ? 2 : 0) + (atEnd ? 1 : 0)]
  }

  /// Whether it matches the empty string anywhere.
  var mayBeEmpty: Bool { self[atStart: true, atEnd: true].hasEmpty }

  static func union(_ parts: [AnchoredLanguage]) throws(GrammarError) -> AnchoredLanguage {
    try AnchoredLanguage(
      usesStart: parts.contains(where: \.usesStart), usesEnd: parts.contains(where: \.usesEnd),
      last: parts.reduce(into: []) { $0.formUnion($1.last) }
    ) { (atStart, atEnd) throws(GrammarError) in
      try .union(parts.map { $0[atStart: atStart, atEnd: atEnd] })
    }
  }

  /// One after the other.
  static func concatenation(_ parts: [AnchoredLanguage]) throws(GrammarError) -> AnchoredLanguage {
    var result = AnchoredLanguage(.empty, last: [])
    var rest = parts[...]
    while let part = rest.first {
      // Those side by side without anchors are joined at once.
      let plain = rest.prefix { !$0.usesStart && !$0.usesEnd }
      let language = try SizedLanguage.concatenation(plain.map { $0[atStart: false, atEnd: false] })
      let next = plain.isEmpty ? part : AnchoredLanguage(language, last: last(of: plain))
      result = try result.followed(by: next)
      rest = rest.dropFirst(max(plain.count, 1))
    }
    return result
  }

  private static func last(of parts: ArraySlice<AnchoredLanguage>) -> LastCharacters {
    var last: LastCharacters = []
    for part in parts.reversed() {
      last.formUnion(part.last)
      if !part.mayBeEmpty { break }
    }
    return last
  }

  private func followed(by next: AnchoredLanguage) throws(GrammarError) -> AnchoredLanguage {
    try AnchoredLanguage(
      usesStart: usesStart || next.usesStart, usesEnd: usesEnd || next.usesEnd, last: Self.last(of: [self, next])
    ) { (atStart, atEnd) throws(GrammarError) in
      let first = self[atStart: atStart, atEnd: false]
      let second = next[atStart: false, atEnd: atEnd]
      var ways = [try SizedLanguage.concatenation([first, second])]
      // Where one of them is empty, the other is at both ends.
      if next.usesStart, first.hasEmpty { ways.append(next[atStart: atStart, atEnd: atEnd]) }
      if usesEnd, second.hasEmpty { ways.append(self[atStart: atStart, atEnd: atEnd]) }
      if self[atStart: atStart, atEnd: atEnd].hasEmpty, next[atStart: atStart, atEnd: atEnd].hasEmpty,
        !ways.contains(where: \.hasEmpty)
      {
        ways.append(.empty)
      }
      return try .union(ways)
    }
  }

  func repeated(atLeast: Int, atMost: Int?) throws(GrammarError) -> AnchoredLanguage {
    try AnchoredLanguage(usesStart: usesStart, usesEnd: usesEnd, last: last) { (atStart, atEnd) throws(GrammarError) in
      let inside = self[atStart: false, atEnd: false]
      guard usesStart || usesEnd else { return try inside.repeated(atLeast: atLeast, atMost: atMost) }
      let first = self[atStart: atStart, atEnd: false]
      let last = self[atStart: false, atEnd: atEnd]
      // Repetitions that are empty at an end count too.
      let atLeast = first.hasEmpty || last.hasEmpty ? min(atLeast, 1) : atLeast
      let isOptional = atLeast == 0 || self[atStart: atStart, atEnd: atEnd].hasEmpty
      var ways: [SizedLanguage] = isOptional ? [.empty] : []
      if atLeast <= 1, atMost != 0 { ways.append(self[atStart: atStart, atEnd: atEnd]) }
      if atMost.map({ $0 >= 2 }) ?? true {
        let between = try inside.repeated(atLeast: max(atLeast, 2) - 2, atMost: atMost.map { $0 - 2 })
        ways.append(try .concatenation([first, between, last]))
      }
      return try .union(ways)
    }
  }
}
