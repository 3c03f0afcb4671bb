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

  /// PAD, EOS, UNK, `pieces` from the likeliest to the least likely, then `extra` tokens: a unigram vocabulary.
  static func unigram(
    _ pieces: [String] = ["▁", "a", "h", "e", "l", "o", "he", "llo", "▁hello", "aa", "é", "天"],
    extra: [(String, TokenKind)] = []
  ) -> VocabularyDescription {
    var description = VocabularyDescription(
      family: "t5", texts: ByteStrings(["<pad>", "</s>", "<unk>"] + pieces + extra.map(\.0)))
    description.scores = (0..<description.texts.count).map { -1 - Float($0) / 8 }
    let kinds: [TokenKind] =
      [.control, .control, .unknown] + Array(repeating: .normal, count: pieces.count) + extra.map(\.1)
    description.kinds = kinds.map(\.rawValue)
    description.addsSpacePrefix = true
    return description
  }

  /// BERT's special tokens, then `pieces`, those that start a word with U+2581, then `extra` tokens.
  static func wordPiece(
    _ pieces: [String] = [
      "▁hello", "▁he", "llo", "▁un", "happy", "▁a", "a", "▁b", "b", "▁,", "▁.", "▁'", "▁天", "▁地", "▁é", "▁1", "2",
    ],
    extra: [(String, TokenKind)] = []
  ) -> VocabularyDescription {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    var description = VocabularyDescription(
      family: "bert", texts: ByteStrings(special + pieces + extra.map(\.0)))
    let kinds: [TokenKind] =
      Array(repeating: .control, count: special.count) + Array(repeating: .normal, count: pieces.count)
      + extra.map(\.1)
    description.kinds = kinds.map(\.rawValue)
    description.specialIDs = [.padding: 0, .unknown: 1, .beginningOfSequence: 2, .endOfSequence: 3, .separator: 3]
    return description
  }

  /// PAD, EOS, BOS, UNK, every byte, characters, and the results of `merges` and `extra` tokens: as Gemma 4.
  static func plainPair(
    merges: [String] = ["h e", "l l", "he ll", "hell o", "▁ hello", "a a", "o ▁", "▁ ▁"],
    extra: [(String, TokenKind)] = [("\n\n", .normal)]
  ) -> VocabularyDescription {
    let bytes = (0..<256).map { "<0x" + hexadecimal($0) + ">" }
    let characters = ["▁", "a", "h", "e", "l", "o", "é", "\n"]
    let normal = characters + merges.map { $0.replacing(" ", with: "") }
    var description = VocabularyDescription(
      family: "gemma4", texts: ByteStrings(["<pad>", "<eos>", "<bos>", "<unk>"] + bytes + normal + extra.map(\.0)))
    description.merges = ByteStrings(merges)
    let kinds: [TokenKind] =
      [.control, .control, .control, .unknown] + Array(repeating: .byte, count: 256)
      + Array(repeating: .normal, count: normal.count) + extra.map(\.1)
    description.kinds = kinds.map(\.rawValue)
    description.specialIDs = [.padding: 0, .endOfSequence: 1, .beginningOfSequence: 2, .unknown: 3]
    description.addsSpacePrefix = false
    return description
  }

  /// One small vocabulary of each family.
  static var all: [VocabularyDescription] { [bytePair(), sentencePiece(), unigram(), wordPiece(), plainPair()] }

  /// The tokenizer of `description`.
  static func tokenizer(_ description: VocabularyDescription) throws -> Tokenizer {
    try Tokenizer(try Vocabulary(description))
  }

  /// Byte-level vocabularies with these pre-tokenizers are no byte-level ones.
  static let plainPretokenizers = ["gemma4", "granite-embed-multi-311m", "sarvam-moe"]
  static let wordPretokenizers = ["whitespace"]

  /// The names of all other pre-tokenizers, as the error about an unknown one lists them.
  static var pretokenizers: [String] {
    do {
      _ = try Vocabulary(bytePair(pretokenizer: "no such name"))
    } catch .unknownPretokenizer(_, let known) {
      return known.filter { !(plainPretokenizers + wordPretokenizers).contains($0) }
    } catch {}
    return []
  }

  /// GPT-2's character for each byte.
  static let byteCharacters: [String] = {
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
