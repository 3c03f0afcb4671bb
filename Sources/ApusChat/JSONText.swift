internal import ApusJSON

/// Pieces of JSON text, made from what models write.
enum JSONText {
  /// A text in quotes.
  static func quoted(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var json = [UInt8(ascii: "\"")]
    for byte in bytes { escape(byte, into: &json) }
    return json + [UInt8(ascii: "\"")]
  }

  /// Appends a byte of a text, escaped where JSON wants that.
  static func escape(_ byte: UInt8, into json: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
    case 0..<0x20: escapeControl(byte, into: &json)
    default: json.append(byte)
    }
  }

  /// Appends a control character as an escape.
  static func escapeControl(_ byte: UInt8, into json: inout [UInt8]) {
    switch byte {
    case 0x0A: json += "\\n".utf8
    case 0x0D: json += "\\r".utf8
    case 0x09: json += "\\t".utf8
    case 0x08: json += "\\b".utf8
    case 0x0C: json += "\\f".utf8
    default:
      let digits = String(byte, radix: 16)
      json += "\\u".utf8
      json += String(repeating: "0", count: 4 - digits.utf8.count).utf8
      json += digits.utf8
    }
  }

  /// The JSON of a number or literal; nil where it is none.
  static func scalar(_ word: [UInt8], _ notation: ArgumentNotation) -> [UInt8]? {
    let isPython = notation == .python
    switch String(decoding: word, as: UTF8.self) {
    case "true", "false", "null": return word
    case "True" where isPython: return Array("true".utf8)
    case "False" where isPython: return Array("false".utf8)
    case "None" where isPython: return Array("null".utf8)
    default:
      guard let first = word.first, first == UInt8(ascii: "-") || first >= 0x30 && first <= 0x39 else { return nil }
      return (try? JSONParser.parse(word)) == nil ? nil : word
    }
  }
}
