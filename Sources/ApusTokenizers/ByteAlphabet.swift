/// The alphabet of byte-level vocabularies: every byte as a printable character.
///
/// The printable bytes of Latin-1 stand for themselves, the other 68 for U+0100 to U+0143 in order (`bytes_to_unicode`
/// of GPT-2's published encoder).
struct ByteAlphabet: Sendable {
  /// The character of each byte, in UTF-8.
  let characters: [[UInt8]]
  /// The byte of each character below U+0144; nil where none.
  private let bytes: [UInt8?]

  init() {
    var characters: [[UInt8]] = []
    var bytes = [UInt8?](repeating: nil, count: 0x144)
    var unprintable: UInt32 = 0x100
    for byte in UInt8.min ... .max {
      var value = UInt32(byte)
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: break
      default:
        value = unprintable
        unprintable += 1
      }
      bytes[Int(value)] = byte
      characters.append(value < 0x80 ? [byte] : [0xC0 | UInt8(value >> 6), 0x80 | UInt8(value & 0x3F)])
    }
    self.characters = characters
    self.bytes = bytes
  }

  /// Appends the bytes that `text` spells; where a character is not of the alphabet, `text` itself.
  func appendBytes(of text: ArraySlice<UInt8>, to result: inout [UInt8]) {
    let start = result.count
    var position = text.startIndex
    while position < text.endIndex {
      let (value, byteCount) = scalar(in: text.span, at: position - text.startIndex, end: text.count)
      guard value < bytes.count, let byte = bytes[Int(value)] else {
        result.removeSubrange(start...)
        result.append(contentsOf: text)
        return
      }
      result.append(byte)
      position += byteCount
    }
  }
}
