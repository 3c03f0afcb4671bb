internal import ApusText

/// Reads RFC 8259 JSON from UTF-8 bytes: strict, in linear time, with bounded depth.
///
/// A byte order mark before the value is skipped, as RFC 8259 allows. Refused: invalid UTF-8, UTF-16, lone surrogates,
/// NaN and infinities (1e400 too), numbers such as 010 or 1., raw control characters in strings, anything after the
/// value. Whole numbers from −2⁶³ to 2⁶⁴ − 1 are kept, others become doubles.
package struct JSONParser {
  /// The deepest nesting of arrays and objects that is read.
  package static let maximumDepth = 128

  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Reads the one value that `bytes` hold.
  package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes)
    switch ByteOrderMark(bytes) {
    case nil: break
    case .utf8: parser.position = ByteOrderMark.utf8Bytes.count
    case .utf16: throw parser.error("the text is UTF-16: save or send it as UTF-8")
    }
    parser.skipSpace()
    let value = try parser.value()
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.error("expected the end after the value") }
    return value
  }

  /// Reads the one value that `text` holds.
  package static func parse(_ text: String) throws(JSONError) -> JSONValue { try parse(Array(text.utf8)) }

  private func error(_ reason: String, at offset: Int? = nil) -> JSONError {
    JSONError(offset: offset ?? position, reason: reason)
  }

  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    switch byte {
    case UInt8(ascii: "{"): return try nested { (parser) throws(JSONError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { (parser) throws(JSONError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case let lead? where lead == UInt8(ascii: "-") || isDigit(lead): return try number()
    case nil: throw error("expected a value, found the end")
    default: throw error("expected a value")
    }
  }

  private mutating func nested(
    _ read: (inout JSONParser) throws(JSONError) -> JSONValue
  ) throws(JSONError) -> JSONValue {
    guard depth < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth)") }
    depth += 1
    position += 1
    skipSpace()
    let value = try read(&self)
    position += 1
    depth -= 1
    return value
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    var object = JSONObject()
    if byte == UInt8(ascii: "}") { return .object(object) }
    while true {
      guard byte == UInt8(ascii: "\"") else { throw error("expected a key in double quotes") }
      let key = try string()
      skipSpace()
      guard byte == UInt8(ascii: ":") else { throw error("expected ':' after the key") }
      position += 1
      skipSpace()
      object[key] = try value()
      skipSpace()
      if byte == UInt8(ascii: "}") { return .object(object) }
      guard byte == UInt8(ascii: ",") else { throw error("expected ',' or '}'") }
      position += 1
      skipSpace()
    }
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    var elements: [JSONValue] = []
    if byte == UInt8(ascii: "]") { return .array(elements) }
    while true {
      elements.append(try value())
      skipSpace()
      if byte == UInt8(ascii: "]") { return .array(elements) }
      guard byte == UInt8(ascii: ",") else { throw error("expected ',' or ']'") }
      position += 1
      skipSpace()
    }
  }

  private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let expected = word.description.utf8
    guard bytes[position...].starts(with: expected) else { throw error("expected \(word)") }
    position += expected.count
    return value
  }

  private mutating func digits() throws(JSONError) {
    guard let byte, isDigit(byte) else { throw error("expected a digit") }
    while let byte = self.byte, isDigit(byte) { position += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    if byte == UInt8(ascii: "-") { position += 1 }
    if byte == UInt8(ascii: "0") {
      position += 1
      if let byte, isDigit(byte) { throw error("a number must not start with 0") }
    } else {
      try digits()
    }
    var isWhole = true
    if byte == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      try digits()
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      isWhole = false
      position += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let whole = Int(text) { return .int(whole) }
    if isWhole, let whole = UInt64(text) { return .unsigned(whole) }
    guard let number = Double(text), number.isFinite else { throw error("the number is too large", at: start) }
    return .double(number)
  }

  /// Reads a string, its opening quote at `position`.
  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
    var text = String(validating: bytes[start..<position], as: UTF8.self)
    if byte != UInt8(ascii: "\"") {
      var content = Array(bytes[start..<position])
      try escapedRest(into: &content)
      text = String(validating: content, as: UTF8.self)
    }
    guard let text else { throw error("the string is not valid UTF-8", at: start) }
    position += 1
    return text
  }

  private mutating func escapedRest(into content: inout [UInt8]) throws(JSONError) {
    while byte != UInt8(ascii: "\"") {
      guard let byte else { throw error("expected '\"', found the end") }
      guard byte >= 0x20 else { throw error("a control character must be written as an escape") }
      position += 1
      if byte != UInt8(ascii: "\\") {
        content.append(byte)
        continue
      }
      guard let code = self.byte else { throw error("expected an escape, found the end") }
      position += 1
      switch code {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(code)
      case UInt8(ascii: "b"): content.append(0x08)
      case UInt8(ascii: "f"): content.append(0x0C)
      case UInt8(ascii: "n"): content.append(0x0A)
      case UInt8(ascii: "r"): content.append(0x0D)
      case UInt8(ascii: "t"): content.append(0x09)
      case UInt8(ascii: "u"): content.append(contentsOf: String(try escapedScalar()).utf8)
      default: throw error("unknown escape", at: position - 1)
      }
    }
  }

  private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let start = position - 2
    var value = try fourHexDigits()
    if value >= 0xD800, value < 0xDC00 {
      guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
      else { throw error("a lone surrogate", at: start) }
      position += 2
      let low = try fourHexDigits()
      guard low >= 0xDC00, low < 0xE000 else { throw error("a lone surrogate", at: start) }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw error("a lone surrogate", at: start) }
    return scalar
  }

  private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte, let digit = hexDigitValue(byte) else { throw error("expected four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
