internal import ApusCore
internal import ApusTokenizers
internal import Testing

@Suite struct WordPieceTests {
  private func pieces(
    _ text: String, _ description: VocabularyDescription = SmallVocabularies.wordPiece()
  ) throws
    -> [String]
  {
    let tokenizer = try SmallVocabularies.tokenizer(description)
    return tokenizer.encode(text, addSpecial: false, parseSpecial: false).map {
      String(decoding: tokenizer.vocabulary.texts[Int($0)], as: UTF8.self)
    }
  }

  @Test func `words become the longest tokens from the left`() throws {
    #expect(try pieces("hello unhappy hellollo") == ["▁hello", "▁un", "happy", "▁hello", "llo"])
    #expect(try pieces("Hello, HE.") == ["▁hello", "▁,", "▁he", "▁."])
  }

  @Test func `a word that cannot be spelled is unknown as a whole`() throws {
    #expect(try pieces("hello xyz helloxyz a") == ["▁hello", "[UNK]", "[UNK]", "▁a"])
    #expect(try pieces(String(repeating: "a", count: 100)).count == 100)
    #expect(try pieces(String(repeating: "a", count: 101)) == ["[UNK]"])
  }

  @Test func `control characters vanish, any white space separates, Chinese characters stand alone`() throws {
    #expect(try pieces("he\0l\u{200B}lo\u{FFFD}\u{E000}") == ["▁hello"])
    #expect(try pieces("\u{3000}a\u{A0}\n\t a\u{2028}") == ["▁a", "▁a"])
    #expect(try pieces("a天地a") == ["▁a", "▁天", "▁地", "▁a"])
    #expect(try pieces("a'b,12") == ["▁a", "▁'", "▁b", "▁,", "▁1", "2"])
  }

  /// É, é with a mark, a full-width comma (no decomposition), and a compatibility ideograph that stands for 見.
  @Test func `accents go where upper case goes, unless the file says otherwise`() throws {
    var description = SmallVocabularies.wordPiece([
      "▁e", "e", "▁é", "▁É", "é", "▁見", "▁ㄱ", "▁가", "▁\u{1100}", "\u{1161}",
    ])
    #expect(
      try pieces("É e\u{301} éé \u{FA0A} 가", description) == ["▁e", "▁e", "▁e", "e", "▁見", "▁\u{1100}", "\u{1161}"])
    description.normalization.stripsAccents = false
    #expect(try pieces("É éé 가", description) == ["▁é", "▁é", "é", "▁가"])
    description.normalization.lowercases = false
    #expect(try pieces("É é", description) == ["▁É", "▁é"])
    description.normalization.stripsAccents = nil
    #expect(try pieces("É é", description) == ["▁É", "▁é"])
  }

  @Test func `a text stands between CLS and SEP`() throws {
    var description = SmallVocabularies.wordPiece()
    #expect(try encode("a", description) == [2, 10, 3])
    #expect(try encode("", description) == [2, 3])
    description.specialIDs = [:]
    #expect(try encode("xyz", description) == [2, 1, 3])
    description.addsEOS = false
    #expect(try encode("[MASK] a", description, parseSpecial: true) == [2, 4, 10])
  }

  @Test func `decoding puts a space before each word but the first`() throws {
    let tokenizer = try SmallVocabularies.tokenizer(SmallVocabularies.wordPiece())
    let tokens = tokenizer.encode("Hello unhappy, a", addSpecial: true, parseSpecial: false)
    #expect(String(decoding: tokenizer.decode(tokens), as: UTF8.self) == "hello unhappy , a")
  }

  private func encode(
    _ text: String, _ description: VocabularyDescription, parseSpecial: Bool = false
  ) throws -> [Token] {
    try SmallVocabularies.tokenizer(description).encode(text, addSpecial: true, parseSpecial: parseSpecial)
  }
}
