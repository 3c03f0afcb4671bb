extension RegularLanguage {
  /// All byte strings.
  package static var anything: RegularLanguage { .repetition(.byte(.all), atLeast: 0, atMost: nil) }

  /// The byte strings in which no string of `language` stands.
  package static func without(_ language: RegularLanguage) -> RegularLanguage {
    .complement(.concatenation([.anything, language, .anything]))
  }

  /// The byte strings that can stand before `mark` so that it is found behind them and no sooner; nothing has no mark.
  package static func before(mark: [UInt8]) -> RegularLanguage {
    guard let first = mark.first else { return .anything }
    // Where the mark's end is also its beginning, it might begin before its place.
    let overlaps = mark.indices.dropFirst().contains { mark.starts(with: mark[$0...]) }
    return .without(overlaps ? .byte(ByteSet([first])) : .literal(mark))
  }
}
