/// Reads one text of a call's arguments, as a model writes it, and puts it out as JSON.
struct TextReader {
  private enum End: Equatable {
    case quote(UInt8)
    case mark([UInt8])
  }

  private let end: End
  private let isJSON: Bool
  /// An escape that is not complete, or the beginning of the mark that ends the text.
  private var held: [UInt8] = []
  /// The first half of a surrogate pair, as it was written.
  private var highSurrogate: [UInt8]?

  /// The reader for a text that begins with this byte; nil where none does.
  init?(_ notation: ArgumentNotation, opening byte: UInt8) {
    isJSON = notation == .json
    switch notation {
    case .json:
      guard byte == UInt8(ascii: "\"") else { return nil }
      end = .quote(byte)
    case .python:
      guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else { return nil }
      end = .quote(byte)
    case .marked(let mark):
      guard byte == mark.utf8.first else { return nil }
      end = .mark(Array(mark.utf8))
      opening = Array(mark.utf8.dropFirst())
    }
  }

  /// What is left to read of the mark that begins the text.
  private var opening: [UInt8] = []

  /// What ends the text, where it is cut off.
  var closing: [UInt8] {
    (highSurrogate == nil ? [] : Array("\\ufffd".utf8)) + [UInt8(ascii: "\"")]
  }

  /// Reads one byte and appends to `json` what is certain.
  mutating func read(_ byte: UInt8, into json: inout [UInt8]) -> ArgumentReader.Status {
    if let next = opening.first {
      guard byte == next else { return .failed }
      opening.removeFirst()
      return .reading
    }
    switch end {
    case .mark(let mark): return readMarked(byte, mark, into: &json)
    case .quote(let quote): return readQuoted(byte, quote, into: &json)
    }
  }

  private mutating func readMarked(
    _ byte: UInt8, _ mark: [UInt8], into json: inout [UInt8]
  ) -> ArgumentReader.Status {
    held.append(byte)
    while !mark.starts(with: held) { JSONText.escape(held.removeFirst(), into: &json) }
    guard held.count == mark.count else { return .reading }
    json.append(UInt8(ascii: "\""))
    return .complete
  }

  private mutating func readQuoted(
    _ byte: UInt8, _ quote: UInt8, into json: inout [UInt8]
  ) -> ArgumentReader.Status {
    if !held.isEmpty {
      held.append(byte)
      return readEscape(into: &json)
    }
    if byte == UInt8(ascii: "\\") {
      held = [byte]
      return .reading
    }
    endSurrogate(into: &json)
    guard byte != quote else {
      json.append(UInt8(ascii: "\""))
      return .complete
    }
    JSONText.escape(byte, into: &json)
    return .reading
  }

  private mutating func readEscape(into json: inout [UInt8]) -> ArgumentReader.Status {
    let code = held[1]
    let digits: Int
    switch code {
    case UInt8(ascii: "u"): digits = 4
    case UInt8(ascii: "U") where !isJSON: digits = 8
    case UInt8(ascii: "x") where !isJSON: digits = 2
    default:
      endSurrogate(into: &json)
      return endEscape(code, into: &json)
    }
    guard held.count == 2 + digits else { return .reading }
    guard held.dropFirst(2).allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let value = UInt32(String(decoding: held.dropFirst(2), as: UTF8.self), radix: 16)
    else { return .failed }
    putScalar(value, into: &json)
    held.removeAll()
    return .reading
  }

  private mutating func endEscape(_ code: UInt8, into json: inout [UInt8]) -> ArgumentReader.Status {
    defer { held.removeAll() }
    switch code {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r"),
      UInt8(ascii: "b"), UInt8(ascii: "f"):
      json += held
    case UInt8(ascii: "/") where isJSON: json += held
    case _ where isJSON: return .failed
    case UInt8(ascii: "'"): json.append(code)
    case UInt8(ascii: "a"): JSONText.escape(7, into: &json)
    case UInt8(ascii: "v"): JSONText.escape(11, into: &json)
    case UInt8(ascii: "0"): JSONText.escape(0, into: &json)
    case 0x0A: break
    default:
      for byte in held { JSONText.escape(byte, into: &json) }
    }
    return .reading
  }

  /// Puts out a character that was written by its number; half a pair becomes U+FFFD.
  private mutating func putScalar(_ value: UInt32, into json: inout [UInt8]) {
    if let high = highSurrogate, value >= 0xDC00, value < 0xE000 {
      highSurrogate = nil
      json += high + held
      return
    }
    endSurrogate(into: &json)
    if value >= 0xD800, value < 0xDC00 {
      highSurrogate = held
    } else if isJSON, Unicode.Scalar(value) != nil {
      json += held
    } else {
      let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
      for byte in String(Character(scalar)).utf8 { JSONText.escape(byte, into: &json) }
    }
  }

  private mutating func endSurrogate(into json: inout [UInt8]) {
    guard highSurrogate != nil else { return }
    highSurrogate = nil
    json += "\\ufffd".utf8
  }
}
