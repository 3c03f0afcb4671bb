internal import ApusGrammar

/// How the characters of a text may be written: between the quotes of a JSON string, or as they are.
enum Spelling: Hashable {
  /// As itself, whatever it is.
  case raw
  /// In one way: as itself, or by its shortest escape where JSON asks for one.
  case plain
  /// Also `\/`, and escapes by number (`\u00e9`) of all but printable ASCII.
  case usual
  /// In every way that JSON has.
  case every
}

extension Spelling {
  /// Any character.
  var anyCharacter: RegularLanguage { ScalarSet.all.json(self) }

  /// A key without quotes: characters that end it nowhere, and no more than a reader takes.
  static var bareKey: RegularLanguage {
    let marks = "{}[](),:=<>\"'`\\".unicodeScalars.map { $0.value...$0.value }
    let characters = ScalarSet([0x21...0x7E, 0xA0...0x10FFFF]).subtracting(ScalarSet(marks))
    return .repetition(characters.utf8, atLeast: 1, atMost: 100)
  }
}

extension ScalarSet {
  private static let mustEscape = ScalarSet([0...0x1F, 0x22...0x22, 0x5C...0x5C])
  private static let ascii = ScalarSet([0x20...0x7E])
  private static let shortEscapes: [(UInt8, StaticString)] = [
    (0x22, "\""), (0x5C, "\\"), (0x08, "b"), (0x0C, "f"), (0x0A, "n"), (0x0D, "r"), (0x09, "t"), (0x2F, "/"),
  ]

  /// Whether an ASCII character has one way to be written but for numbers.
  private func isPlain(_ byte: UInt8) -> Bool {
    (0x20...0x7E).contains(byte) && byte != 0x22 && byte != 0x2F && byte != 0x5C
  }

  /// The strings of bytes that are one character of the set in a JSON string.
  func json(_ spelling: Spelling) -> RegularLanguage {
    if spelling == .raw { return utf8 }
    if spelling != .every, let only, only.isASCII, isPlain(UInt8(ascii: only)) { return utf8 }
    var ways: [RegularLanguage] = []
    let raw = subtracting(Self.mustEscape)
    if !raw.isEmpty { ways.append(raw.utf8) }
    var escapes = ByteSet()
    var escaped: [ClosedRange<UInt32>] = []
    for (code, letter) in Self.shortEscapes
    where contains(Unicode.Scalar(code)) && (letter.description != "/" || spelling != .plain) {
      escapes.insert(letter.description.utf8.first ?? code)
      if letter.description != "/" { escaped.append(UInt32(code)...UInt32(code)) }
    }
    if !escapes.isEmpty { ways.append(.concatenation([text("\\"), .byte(escapes)])) }
    let numbered =
      switch spelling {
      case .plain, .raw: intersection(Self.mustEscape).subtracting(ScalarSet(escaped))
      case .usual: subtracting(Self.ascii)
      case .every: self
      }
    if !numbered.isEmpty { ways.append(.concatenation([text("\\u"), .union(numbered.numbers)])) }
    return ways.count == 1 ? ways[0] : .union(ways)
  }

  /// What may stand behind `\u`: four hexadecimal digits, or a surrogate pair.
  private var numbers: [RegularLanguage] {
    var ways: [RegularLanguage] = []
    for range in intersection(ScalarSet([0...0xFFFF])).ranges {
      ways += HexDigits.runs(range, count: 4)
    }
    for range in intersection(ScalarSet([0x10000...0x10FFFF])).ranges {
      let first = range.lowerBound - 0x10000
      let last = range.upperBound - 0x10000
      // Whole rows of 1,024 share their high surrogates; what is left at both ends does not.
      for rows in Self.rows(first, last) {
        let high = HexDigits.runs(0xD800 + rows.high.lowerBound...0xD800 + rows.high.upperBound, count: 4)
        let low = HexDigits.runs(0xDC00 + rows.low.lowerBound...0xDC00 + rows.low.upperBound, count: 4)
        ways.append(.concatenation([.union(high), text("\\u"), .union(low)]))
      }
    }
    return ways
  }

  private static func rows(_ first: UInt32, _ last: UInt32) -> [(high: ClosedRange<UInt32>, low: ClosedRange<UInt32>)] {
    let (top, bottom) = (first >> 10, last >> 10)
    if top == bottom { return [(top...top, first & 0x3FF...last & 0x3FF)] }
    var rows: [(high: ClosedRange<UInt32>, low: ClosedRange<UInt32>)] = []
    let startsRow = first & 0x3FF == 0
    let endsRow = last & 0x3FF == 0x3FF
    if !startsRow { rows.append((top...top, first & 0x3FF...0x3FF)) }
    let whole = (startsRow ? top : top + 1, endsRow ? bottom + 1 : bottom)
    if whole.0 < whole.1 { rows.append((whole.0...whole.1 - 1, 0...0x3FF)) }
    if !endsRow { rows.append((bottom...bottom, 0...last & 0x3FF)) }
    return rows
  }
}

/// Hexadecimal numbers of a fixed number of digits, in either case.
private enum HexDigits {
  static func digit(_ range: ClosedRange<UInt32>) -> RegularLanguage {
    var set = ByteSet()
    for value in range {
      let letter = UInt8(truncatingIfNeeded: value)
      if letter < 10 {
        set.insert(0x30 + letter)
      } else {
        set.insert(0x61 + letter - 10)
        set.insert(0x41 + letter - 10)
      }
    }
    return .byte(set)
  }

  /// The numbers of a range, cut so that each part is one digit's range and the same rest for all of them.
  static func runs(_ range: ClosedRange<UInt32>, count: Int) -> [RegularLanguage] {
    if count == 1 { return [digit(range)] }
    let shift = UInt32(4 * (count - 1))
    let low = UInt32(1) << shift - 1
    let (first, last) = (range.lowerBound >> shift, range.upperBound >> shift)
    let isWhole = range.lowerBound & low == 0 && range.upperBound & low == low
    if first == last || isWhole {
      let rest = isWhole ? 0...low : range.lowerBound & low...range.upperBound & low
      let tails = runs(rest, count: count - 1)
      return [.concatenation([digit(first...last), tails.count == 1 ? tails[0] : .union(tails)])]
    }
    let middleStart = range.lowerBound & low == 0 ? first : first + 1
    let middleEnd = range.upperBound & low == low ? last : last - 1
    var parts: [RegularLanguage] = []
    if middleStart > first { parts += runs(range.lowerBound...(first << shift | low), count: count) }
    if middleStart <= middleEnd { parts += runs(middleStart << shift...(middleEnd << shift | low), count: count) }
    if middleEnd < last { parts += runs(last << shift...range.upperBound, count: count) }
    return parts
  }
}
