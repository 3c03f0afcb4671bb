internal import ApusText

/// Classes and escapes.
extension PatternParser {
  /// `[…]`.
  mutating func characterClass() throws(GrammarError) -> ScalarSet {
    let start = scanner.position
    scanner.position += 1
    let isNegated = scanner.take("^")
    var ranges: [ClosedRange<UInt32>] = []
    var named: [ClosedRange<UInt32>] = []
    while !scanner.take("]") {
      guard !scanner.isAtEnd else { throw scanner.error("this class is not closed: add a ']'", at: start) }
      let first = try classItem()
      let dash = scanner.position
      guard case .scalar(let low) = first else {
        if case .set(let set) = first { named += set.ranges }
        continue
      }
      guard scanner.take("-"), !scanner.isAtEnd, scanner.next != UInt8(ascii: "]"),
        case .scalar(let high) = try classItem()
      else {
        // A '-' at the end, or before a class such as \d, is a character.
        scanner.position = dash
        ranges.append(low...low)
        continue
      }
      guard low <= high else { throw scanner.error("this range's end is before its beginning", at: dash) }
      ranges.append(low...high)
    }
    // Case first: [^a] leaves out both, where case is ignored.
    let set = cased(ScalarSet(ranges)).union(ScalarSet(named))
    return isNegated ? set.inverted : set
  }

  private enum ClassItem {
    /// May begin or end a range. A surrogate may too, but is no character.
    case scalar(UInt32)
    case set(ScalarSet)
  }

  private mutating func classItem() throws(GrammarError) -> ClassItem {
    guard scanner.next == UInt8(ascii: "\\") else { return .scalar(scanner.takeScalar().value) }
    if scanner.take("\\b") { return .scalar(0x08) }
    let start = scanner.position
    scanner.position += 1
    if let set = try namedSet(from: start) { return .set(set) }
    return .scalar(try escapedScalar(from: start))
  }

  mutating func escapeOutsideClass() throws(GrammarError) -> PatternNode {
    let start = scanner.position
    scanner.position += 1
    if scanner.take("A") { return PatternNode(.start) }
    if scanner.take("z") || scanner.take("Z") { return PatternNode(.end) }
    if let set = try namedSet(from: start) { return try character(of: set) }
    if scanner.take("b") { return PatternNode(.wordBoundary(isNegative: false)) }
    if scanner.take("B") { return PatternNode(.wordBoundary(isNegative: true)) }
    switch scanner.next {
    case UInt8(ascii: "k"), .some(UInt8(ascii: "1")...UInt8(ascii: "9")):
      throw .unsupported(what: "references to groups (at byte \(start)): no automaton can compare two parts of a text")
    default: break
    }
    let value = try escapedScalar(from: start)
    return try character(of: cased(ScalarSet([value...value])))
  }

  /// `\d` and the like, behind the `\`.
  private mutating func namedSet(from start: Int) throws(GrammarError) -> ScalarSet? {
    if scanner.take("d") { return .digits }
    if scanner.take("D") { return ScalarSet.digits.inverted }
    if scanner.take("w") { return .wordCharacters }
    if scanner.take("W") { return ScalarSet.wordCharacters.inverted }
    if scanner.take("s") { return .whiteSpace }
    if scanner.take("S") { return ScalarSet.whiteSpace.inverted }
    if scanner.take("p") { return try property(from: start) }
    if scanner.take("P") { return try property(from: start).inverted }
    return nil
  }

  private mutating func property(from start: Int) throws(GrammarError) -> ScalarSet {
    let name: ArraySlice<UInt8>
    if scanner.take("{") {
      name = scanner.take { $0 != UInt8(ascii: "}") }
      guard scanner.take("}") else { throw scanner.error("a property is \\p{Name}: add a '}'", at: start) }
    } else {
      name = scanner.bytes[scanner.position...].prefix(1)
      guard name.first?.isASCIILetter == true else { throw scanner.error("a property is \\p{Name}", at: start) }
      scanner.position += 1
    }
    guard let set = ScalarSet.property(String(decoding: name, as: UTF8.self)) else {
      throw .unsupported(
        what: "the Unicode property at byte \(start): there are the general categories (L, Lu, Nd, …) and properties"
          + " such as Alphabetic; write ranges instead")
    }
    return cased(set)
  }

  /// The value of the escape whose `\` is at `start`, behind it; surrogates only where no pair of them is a character.
  private mutating func escapedScalar(from start: Int) throws(GrammarError) -> UInt32 {
    guard let letter = scanner.next else { throw scanner.error("a '\\' at the end: write \\\\ for the character") }
    switch letter {
    case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"): return try hexadecimalEscape(from: start)
    case UInt8(ascii: "c"):
      guard let control = scanner.byte(1), control.isASCIILetter else {
        throw scanner.error("\\c needs a letter", at: start)
      }
      scanner.position += 2
      return UInt32(control & 0x1F)
    case UInt8(ascii: "0"):
      guard scanner.byte(1)?.isASCIIDigit != true else {
        throw scanner.error("octal escapes are not offered: write \\xHH", at: start)
      }
      scanner.position += 1
      return 0
    default: break
    }
    if let index = Self.controlLetters.firstIndex(where: { $0.letter == letter }) {
      scanner.position += 1
      return Self.controlLetters[index].value
    }
    guard !letter.isASCIILetter, !letter.isASCIIDigit else {
      throw scanner.error("no escape is known by this letter or digit: remove the '\\'", at: start)
    }
    return scanner.takeScalar().value
  }

  private static let controlLetters: [(letter: UInt8, value: UInt32)] = [
    (UInt8(ascii: "n"), 0x0A), (UInt8(ascii: "t"), 0x09), (UInt8(ascii: "r"), 0x0D), (UInt8(ascii: "f"), 0x0C),
    (UInt8(ascii: "v"), 0x0B), (UInt8(ascii: "a"), 0x07),
  ]

  /// `\xHH`, `\uHHHH`, `\UHHHHHHHH`, or any of these letters with `{H…}`.
  private mutating func hexadecimalEscape(from start: Int) throws(GrammarError) -> UInt32 {
    let digits =
      scanner.take("x")
      ? 2
      : scanner.take("u")
        ? 4
        : {
          scanner.position += 1; return 8
        }()
    if scanner.take("{") {
      let count = scanner.bytes[scanner.position...].prefix { hexDigitValue($0) != nil }.count
      let value = 1...8 ~= count ? scanner.takeHexadecimal(digits: count) : nil
      guard let value, scanner.take("}"), value <= 0x10FFFF else {
        throw scanner.error("in braces stands a character's number, at most 10FFFF", at: start)
      }
      return value
    }
    guard let value = scanner.takeHexadecimal(digits: digits), value <= 0x10FFFF else {
      throw scanner.error("this escape needs \(digits) hexadecimal digits, at most 10FFFF", at: start)
    }
    let place = scanner.position
    if 0xD800...0xDBFF ~= value, digits == 4, scanner.take("\\u"), let low = scanner.takeHexadecimal(digits: 4),
      0xDC00...0xDFFF ~= low
    {
      return 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    scanner.position = place
    return value
  }
}
