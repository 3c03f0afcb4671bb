/// U+2581, which stands for a space in the vocabularies of SentencePiece.
enum SpaceMark {
  static let utf8: [UInt8] = [0xE2, 0x96, 0x81]

  /// Whether a space mark starts at `position`.
  @inline(__always)
  static func stands(in text: [UInt8], at position: Int) -> Bool {
    text[position] == 0xE2 && text.count - position >= 3 && text[position + 1] == 0x96 && text[position + 2] == 0x81
  }

  /// `text[range]` with marks for its spaces, and one before it where `addsSpace` says so.
  static func escaped(_ text: [UInt8], _ range: Range<Int>, addsSpace: Bool) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(range.count + range.count / 2 + 3)
    if addsSpace { result.append(contentsOf: utf8) }
    for byte in text[range] {
      if byte == 0x20 { result.append(contentsOf: utf8) } else { result.append(byte) }
    }
    return result
  }

  /// Appends what a token of SentencePiece stands for: a byte, or its text with spaces for marks.
  static func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    switch kind {
    case .byte: bytes.append(ByteFallback.byte(named: text) ?? 0)
    case .userDefined: bytes.append(contentsOf: text)
    default: appendUnescaped(text, to: &bytes)
    }
  }

  private static func appendUnescaped(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    var position = text.startIndex
    while position < text.endIndex {
      if text[position] == utf8[0], text[position...].starts(with: utf8) {
        bytes.append(0x20)
        position += utf8.count
      } else {
        bytes.append(text[position])
        position += 1
      }
    }
  }
}
