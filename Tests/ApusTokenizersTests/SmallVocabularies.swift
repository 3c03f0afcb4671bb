internal import ApusTestSupport
internal import ApusTokenizers

/// Vocabularies of a few hundred tokens, made by code.
enum SmallVocabularies {
  /// Every byte, the result of each of `merges` (such as `"h e"`), then `extra` tokens: a byte-level vocabulary.
  static func bytePair(
    merges: [String] = ["h e", "l l", "he ll", "hell o", "a a", "aa aa", "Ġ hello"],
    extra: [(String, TokenKind)] = [], pretokenizer: String? = "gpt-2"
  ) -> VocabularyDescription {
    let texts = byteCharacters + merges.map { $0.replacing(" ", with: "") } + extra.map(\.0)
    var description = VocabularyDescription(family: "gpt2", texts: ByteStrings(texts))
    description.pretokenizer = pretokenizer
    description.merges = ByteStrings(merges)
    description.kinds =
      Array(repeating: TokenKind.normal.rawValue, count: 256 + merges.count) + extra.map { $0.1.rawValue }
    return description
  }

  /// UNK, BOS, EOS, every byte, then `pieces` from the best score to the worst, then `extra` tokens: as SentencePiece.
  static func sentencePiece(
    _ pieces: [String] = ["▁", "a", "h", "e", "l", "o", "aa", "he", "ll", "hell", "hello", "▁hello", "▁a"],
    extra: [(String, TokenKind)] = []
  ) -> VocabularyDescription {
    let bytes = (0..<256).map { "<0x" + hexadecimal($0) + ">" }
    let texts = ["<unk>", "<s>", "</s>"] + bytes + pieces + extra.map(\.0)
    var description = VocabularyDescription(family: "llama", texts: ByteStrings(texts))
    description.scores = (0..<texts.count).map { -Float($0) }
    let kinds: [TokenKind] =
      [.unknown, .control, .control] + Array(repeating: .byte, count: 256)
      + Array(repeating: .normal, count: pieces.count) + extra.map(\.1)
    description.kinds = kinds.map(\.rawValue)
    return description
  }

  /// The tokenizer of `description`.
  static func tokenizer(_ description: VocabularyDescription) throws -> Tokenizer {
    try Tokenizer(try Vocabulary(description))
  }

  /// The names of all pre-tokenizers, as the error about an unknown one lists them.
  static var pretokenizers: [String] {
    do {
      _ = try Vocabulary(bytePair(pretokenizer: "no such name"))
    } catch .unknownPretokenizer(_, let known) {
      return known
    } catch {}
    return []
  }

  /// GPT-2's character for each byte.
  private static let byteCharacters: [String] = {
    let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
    var next = 0x100
    return (0..<256).map { byte in
      defer { if !printable.contains(byte) { next += 1 } }
      return String(UnicodeScalar(UInt32(printable.contains(byte) ? byte : next)).map(Character.init) ?? " ")
    }
  }()

  private static func hexadecimal(_ byte: Int) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count == 1 ? "0" + digits : digits
  }
}

extension SeededGenerator {
  /// Up to `limit` pieces of text of many kinds, one after the other.
  mutating func text(limit: Int) -> String {
    let pools = [
      " ", "  ", "\n", "\r\n", "\t", "hello", "he", "a", "aaaa", "'s", "'LL", "'", "12345", "½", "é", "e\u{301}",
      "\u{212B}", "天地", "😀", "👨‍👩‍👧", "\u{A0}", "\u{3000}", "\u{85}", "...", "<s>", "</s>", "<|im_end|>", "_", "$",
      "~", "\0", "\u{7F}", "\u{FFFD}", "\u{FFFF}", "ſ", "ǅ", "ـ", "한국", "ไทย", "\u{10FFFF}", "\u{1C89}",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0...limit, using: &self) {
      text += pools[Int.random(in: pools.indices, using: &self)]
      if Bool.random(using: &self), let scalar = Unicode.Scalar(UInt32.random(in: 0..<0x3000, using: &self)) {
        text.unicodeScalars.append(scalar)
      }
    }
    return text.replacing("\u{2581}", with: "")
  }

  /// Up to `limit` random bytes, half of them ASCII.
  mutating func bytes(limit: Int) -> [UInt8] {
    (0..<Int.random(in: 0...limit, using: &self)).map { _ in
      Bool.random(using: &self) ? UInt8.random(in: 0..<128, using: &self) : UInt8.random(in: 0...255, using: &self)
    }
  }
}
