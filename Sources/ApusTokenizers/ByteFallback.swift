internal import ApusCore

/// Spells what is no token in byte tokens, `<0x00>` to `<0xFF>`, or as UNK where the vocabulary lacks one of them.
struct ByteFallback: Sendable {
  /// The token of each byte; -1 where there is none.
  private let tokens: [Token]
  private let unknown: Token?

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    var tokens = [Token](repeating: -1, count: 256)
    for token in vocabulary.tokens(where: { $0 == .byte }) {
      let text = vocabulary.texts[Int(token)]
      guard let byte = Self.byte(named: text) else {
        throw .malformedByteToken(String(decoding: text.prefix(64), as: UTF8.self), token: Int(token))
      }
      if tokens[Int(byte)] < 0 { tokens[Int(byte)] = token }
    }
    self.tokens = tokens
    unknown = vocabulary[.unknown]
  }

  /// What text may be lost to: neither every byte nor the unknown has a token.
  var gaps: [VocabularyGap] { unknown == nil && tokens.contains { $0 < 0 } ? [.noUnknown] : [] }

  /// Appends byte tokens, or UNK, once for a run of unknown characters.
  func spell(_ bytes: ArraySlice<UInt8>, into result: inout [Token]) {
    if bytes.allSatisfy({ tokens[Int($0)] >= 0 }) {
      result.append(contentsOf: bytes.lazy.map { tokens[Int($0)] })
    } else if let unknown, result.last != unknown {
      result.append(unknown)
    }
  }

  /// The byte that `<0x` and exactly two hexadecimal digits and `>` name.
  static func byte(named text: ArraySlice<UInt8>) -> UInt8? {
    guard text.count == 6, text.starts(with: "<0x".utf8), text.last == UInt8(ascii: ">") else { return nil }
    let digits = text.dropFirst(3).prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    return digits.count == 2 ? UInt8(digits[0] << 4 | digits[1]) : nil
  }
}
