/// A made-up SentencePiece vocabulary of any size: special tokens, the 256 bytes, characters, and strings of letters.
struct SyntheticVocabulary {
  private(set) var texts: [String]
  /// One for each token: shorter tokens are merged earlier.
  private(set) var scores: [Float]
  /// One for each token, as SentencePiece has them.
  private(set) var kinds: [Int32]

  static let unknown: UInt32 = 0
  static let beginningOfSequence: UInt32 = 1
  static let endOfSequence: UInt32 = 2

  /// A vocabulary of exactly `count` tokens, at least 260: those that every text can be spelled with.
  init(count: Int) {
    precondition(count >= 3 + 256 + 1, "a vocabulary has special tokens, bytes and a space at least")
    let bytes = (0..<256).map { value in
      let digits = String(value, radix: 16, uppercase: true)
      return "<0x" + (value < 16 ? "0" : "") + digits + ">"
    }
    texts = ["<unk>", "<s>", "</s>"] + bytes
    kinds = [2, 3, 3] + [Int32](repeating: 6, count: bytes.count)
    scores = [Float](repeating: 0, count: texts.count)
    let pieces = Self.pieces(count - texts.count)
    texts += pieces
    kinds += [Int32](repeating: 1, count: pieces.count)
    scores += pieces.indices.map { -Float($0) }
  }

  /// The first `count` normal tokens: the space and other characters, then strings of two letters, of three, and so on,
  /// each length without and with a space before it.
  private static func pieces(_ count: Int) -> [String] {
    let space = "▁"
    let letters = (0x61...0x7A as ClosedRange<UInt8>).map { String(UnicodeScalar($0)) }
    let characters = [space] + (0x21...0x7E as ClosedRange<UInt8>).map { String(UnicodeScalar($0)) }
    var result = characters + letters.map { space + $0 }
    var strings = letters
    while result.count < count {
      // As many as are needed, and not the millions of all strings of that length.
      let room = count - result.count
      strings = Array(strings.lazy.flatMap { string in letters.lazy.map { string + $0 } }.prefix(room))
      result += strings
      result += strings.map { space + $0 }
    }
    return Array(result.prefix(count))
  }
}
