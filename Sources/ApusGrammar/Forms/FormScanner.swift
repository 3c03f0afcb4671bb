internal import ApusText

/// The place in a text form of a grammar, and what may be read there; knows no form.
struct FormScanner {
  let bytes: [UInt8]
  var position = 0

  /// The longest grammar.
  static let byteLimit = 1 << 18

  /// The beginning of `text`, which is `what` and may have `limit` bytes.
  init(_ text: String, as what: String = "a grammar", limit: Int = byteLimit) throws(GrammarError) {
    guard text.utf8.count <= limit else { throw .tooLarge(what: "bytes of \(what)", limit: limit) }
    bytes = Array(text.utf8)
  }

  var isAtEnd: Bool { position == bytes.count }

  /// The byte here, or nil at the end.
  var next: UInt8? { byte(0) }

  /// The byte `distance` bytes from here.
  func byte(_ distance: Int) -> UInt8? {
    position + distance < bytes.count ? bytes[position + distance] : nil
  }

  /// Whether `text` begins here.
  func starts(with text: StaticString) -> Bool {
    text.withUTF8Buffer { unsafe bytes[position...].starts(with: $0) }
  }

  /// Goes behind `text` if it begins here.
  mutating func take(_ text: StaticString) -> Bool {
    guard starts(with: text) else { return false }
    position += text.utf8CodeUnitCount
    return true
  }

  /// Goes behind the bytes from here on that fit, and returns them.
  mutating func take(while fits: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let start = position
    while let byte = next, fits(byte) { position += 1 }
    return bytes[start..<position]
  }

  /// Goes behind white space and comments, which go on to the end of their line; behind line ends only with `lines`.
  mutating func skipSpace(lines: Bool, comments: [StaticString]) {
    while let byte = next {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\u{C}"): position += 1
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        guard lines else { return }
        position += 1
      default:
        guard comments.contains(where: { starts(with: $0) }) else { return }
        _ = take { $0 != UInt8(ascii: "\n") }
      }
    }
  }

  /// Goes behind a '|' and the space around it, also where it begins the next line: no rule begins with one.
  mutating func takeBar(comments: [StaticString]) -> Bool {
    let start = position
    skipSpace(lines: true, comments: comments)
    guard take("|") else {
      position = start
      return false
    }
    skipSpace(lines: true, comments: comments)
    return true
  }

  /// Goes behind the character here, and returns it; not at the end.
  mutating func takeScalar() -> Unicode.Scalar {
    var decoder = UTF8()
    var source = bytes[position...].makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&source) else {
      position += 1
      return "\u{FFFD}"
    }
    position += UTF8.width(scalar)
    return scalar
  }

  /// Goes behind `count` hexadecimal digits and returns their value; nil, without moving, where there are not so many.
  mutating func takeHexadecimal(digits count: Int) -> UInt32? {
    var value: UInt32 = 0
    for distance in 0..<count {
      guard let digit = byte(distance).flatMap(hexDigitValue) else { return nil }
      value = value << 4 | UInt32(digit)
    }
    position += count
    return value
  }

  /// Goes behind a number in decimal digits; nil, without moving, where there is none; what is too large is `Int.max`.
  mutating func takeNumber() -> Int? {
    let digits = take { $0.isASCIIDigit }
    guard !digits.isEmpty else { return nil }
    return Int(String(decoding: digits, as: UTF8.self)) ?? .max
  }

  /// An error at `offset`, or here.
  func error(_ reason: String, at offset: Int? = nil) -> GrammarError {
    .syntax(reason: reason, offset: offset ?? position)
  }

  /// What stands here, for a message.
  var found: String {
    guard !isAtEnd else { return "the end" }
    return "'" + printable(bytes[position...].prefix(12), limit: 12) + "'"
  }
}

extension UInt8 {
  var isASCIIDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }
  var isASCIILetter: Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20 }
}
