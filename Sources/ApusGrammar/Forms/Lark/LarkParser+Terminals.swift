/// Strings, ranges and regular expressions.
extension LarkParser {
  mutating func stringOrRange() throws(GrammarError) -> LarkExpression {
    let start = scanner.position
    let first = try string()
    if scanner.starts(with: ".."), scanner.byte(2) == UInt8(ascii: "\"") {
      scanner.position += 2
      let last = try string()
      guard first.unicodeScalars.count == 1, last.unicodeScalars.count == 1, let low = first.unicodeScalars.first,
        let high = last.unicodeScalars.first, low <= high
      else { throw scanner.error("a range goes from one character to a later one", at: start) }
      return .range(ScalarSet([low.value...high.value]))
    }
    return .string(first, ignoringCase: scanner.take("i"))
  }

  private mutating func string() throws(GrammarError) -> String {
    let start = scanner.position
    scanner.position += 1
    var text = String.UnicodeScalarView()
    while !scanner.take("\"") {
      guard let byte = scanner.next, byte != UInt8(ascii: "\n") else {
        throw scanner.error("this string is not closed: add a '\"'", at: start)
      }
      text.append(
        byte == UInt8(ascii: "\\")
          ? try scanner.takeEscape(literally: ["\\", "\"", "'", "/"]) : scanner.takeScalar())
    }
    return String(text)
  }

  mutating func pattern() throws(GrammarError) -> LarkExpression {
    let start = scanner.position
    scanner.position += 1
    let first = scanner.position
    while let byte = scanner.next, byte != UInt8(ascii: "/"), byte != UInt8(ascii: "\n") {
      scanner.position += byte == UInt8(ascii: "\\") && scanner.byte(1) != nil ? 2 : 1
    }
    let text = String(decoding: scanner.bytes[first..<scanner.position], as: UTF8.self)
    guard scanner.take("/") else {
      throw scanner.error("this regular expression is not closed: add a '/'", at: start)
    }
    var flags = PatternParser.Flags()
    while let letter = scanner.next, letter.isASCIILetter {
      try flags.set(letter, at: scanner.position)
      scanner.position += 1
    }
    do throws(GrammarError) {
      return .pattern(try RegularExpression(text, flags: flags), offset: start)
    } catch {
      guard case .syntax(let reason, let offset) = error else { throw error }
      throw .syntax(reason: reason, offset: first + offset)
    }
  }
}
