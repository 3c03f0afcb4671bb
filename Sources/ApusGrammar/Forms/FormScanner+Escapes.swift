/// What GBNF and Lark write in the same way.
extension FormScanner {
  /// Goes behind an escape, whose `\` is here: `\n`, `\xHH`, `\uHHHH`, `\UHHHHHHHH` or a character of `literally`.
  mutating func takeEscape(literally: [Unicode.Scalar]) throws(GrammarError) -> Unicode.Scalar {
    let start = position
    position += 1
    for (letter, scalar) in Self.controls where next == letter {
      position += 1
      return scalar
    }
    for (letter, digits) in [(UInt8(ascii: "x"), 2), (UInt8(ascii: "u"), 4), (UInt8(ascii: "U"), 8)]
    where next == letter {
      position += 1
      guard let scalar = takeHexadecimal(digits: digits).flatMap(Unicode.Scalar.init) else {
        throw error("this escape needs \(digits) hexadecimal digits that are a character's number", at: start)
      }
      return scalar
    }
    guard !isAtEnd else { throw error("a '\\' at the end: write \\\\ for the character", at: start) }
    let scalar = takeScalar()
    guard literally.contains(scalar) else {
      throw error("no such escape is known: write \\\\ for the character '\\'", at: start)
    }
    return scalar
  }

  private static let controls: [(letter: UInt8, scalar: Unicode.Scalar)] = [
    (UInt8(ascii: "n"), "\n"), (UInt8(ascii: "t"), "\t"), (UInt8(ascii: "r"), "\r"), (UInt8(ascii: "f"), "\u{C}"),
    (UInt8(ascii: "v"), "\u{B}"),
  ]

  /// Goes behind `*`, `+` or `?`; nil, without moving, where there is none.
  mutating func takeQuantifierSign() -> RepetitionCounts? {
    if take("*") { return RepetitionCounts(atLeast: 0, atMost: nil) }
    if take("+") { return RepetitionCounts(atLeast: 1, atMost: nil) }
    if take("?") { return RepetitionCounts(atLeast: 0, atMost: 1) }
    return nil
  }
}
