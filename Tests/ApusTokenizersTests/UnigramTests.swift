internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

@Suite struct UnigramTests {
  private func pieces(_ text: String, _ description: VocabularyDescription) throws -> [String] {
    try pieces(Array(text.utf8), description)
  }

  private func pieces(_ text: [UInt8], _ description: VocabularyDescription) throws -> [String] {
    let tokenizer = try SmallVocabularies.tokenizer(description)
    return tokenizer.encode(text, addSpecial: false, parseSpecial: false).map {
      String(decoding: tokenizer.vocabulary.texts[Int($0)], as: UTF8.self)
    }
  }

  @Test func `the tokens whose scores add up to most are taken`() throws {
    var description = SmallVocabularies.unigram(["▁", "a", "b", "ab", "▁a", "ba"])
    description.scores = [0, 0, 0, -3, -3, -3, -5, -5, -4]
    #expect(try pieces("ab", description) == ["▁", "ab"])
    #expect(try pieces("aba", description) == ["▁a", "ba"])
    description.scores?[6] = -9
    #expect(try pieces("ab", description) == ["▁a", "b"])
    // Of equal ways the one with the longest last token.
    description.scores = [0, 0, 0, -1, -1, -1, -1, -1, -1]
    #expect(try pieces("aba", description) == ["▁a", "ba"])
  }

  @Test func `a run of characters without tokens is unknown once, or spelled in bytes`() throws {
    #expect(try pieces("axyza", SmallVocabularies.unigram()) == ["▁", "a", "<unk>", "a"])
    let bytes = (0..<256).map { value in
      let digits = String(value, radix: 16, uppercase: true)
      return ("<0x" + (value < 16 ? "0" : "") + digits + ">", TokenKind.byte)
    }
    #expect(try pieces("aü", SmallVocabularies.unigram(extra: bytes)) == ["▁", "a", "<0xC3>", "<0xBC>"])
  }

  @Test func `a text ends with EOS and begins with BOS only where the file says so`() throws {
    var description = SmallVocabularies.unigram(extra: [("<s>", .control)])
    let bos = description.texts.count - 1
    #expect(try encode("a", description) == [3, 4, 1])
    description.addsBOS = true
    description.addsEOS = false
    description.specialIDs[.beginningOfSequence] = bos
    #expect(try encode("a", description) == [Token(bos), 3, 4])
  }

  @Test func `spaces are kept, or those that are too many removed`() throws {
    var description = SmallVocabularies.unigram(["▁", "a"])
    #expect(try pieces(" a  a ", description) == ["▁", "▁", "a", "▁", "▁", "a", "▁"])
    description.normalization.removesExtraSpaces = true
    #expect(try pieces(" a  a ", description) == ["▁", "a", "▁", "a"])
    #expect(try pieces("   ", description).isEmpty)
    description.addsSpacePrefix = false
    #expect(try pieces(" a  a ", description) == ["a", "▁", "a"])
  }

  @Test func `characters are replaced, the longest text first`() throws {
    var description = SmallVocabularies.unigram(["▁", "a", "b", "é", "x", "1"])
    description.normalization.characterMap = CharacterMapBuilder.bytes([
      ("\u{FF41}", "a"), ("e\u{301}", "é"), ("e", "x"), ("\t", " "), ("①", "1"), ("\u{AD}", ""), ("ab", "ba"),
    ])
    #expect(try pieces("\u{FF41}e\u{301}e", description) == ["▁", "a", "é", "x"])
    #expect(try pieces("a\t①\u{AD}1", description) == ["▁", "a", "▁", "1", "1"])
    #expect(try pieces("aab", description) == ["▁", "a", "b", "a"])
    #expect(try pieces([0x61, 0xFF, 0x61], description) == ["▁", "a", "<unk>", "a"])
  }

  @Test(arguments: [
    [], [1], [1, 2, 3, 4], [4, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0, 0, 0], [255, 255, 255, 255, 0, 0],
    [4, 0, 0, 0, 0, 0, 0, 0] + Array(repeating: 0x61, count: 200),
  ] as [[UInt8]])
  func `a malformed table is refused, none at all is none`(_ bytes: [UInt8]) throws {
    var description = SmallVocabularies.unigram()
    description.normalization.characterMap = bytes
    if bytes.isEmpty {
      #expect(try pieces("a", description) == ["▁", "a"])
    } else {
      #expect(throws: TokenizerError.self) { try SmallVocabularies.tokenizer(description) }
    }
  }

  @Test func `random tables never trap and never make a text grow without bound`() throws {
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<500 {
      let unitCount = Int.random(in: 1...300, using: &generator)
      var bytes: [UInt8] = [UInt8(unitCount * 4 & 0xFF), UInt8(unitCount * 4 >> 8), 0, 0]
      for _ in 0..<unitCount {
        // Half of the units lead somewhere near with a letter as their label.
        let near = UInt32.random(in: 0..<512, using: &generator) << 10 | UInt32.random(in: 0x61...0x64, using: &generator)
        let leaf: UInt32 = Bool.random(using: &generator) ? 0x100 : 0
        let unit = Bool.random(using: &generator) ? near | leaf : UInt32.random(in: 0...UInt32.max, using: &generator)
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: unit >> (8 * UInt32($0))) }
      }
      bytes += generator.bytes(limit: 60).map { $0 % 16 == 0 ? 0 : $0 } + [0]
      var description = SmallVocabularies.unigram()
      description.normalization.characterMap = bytes
      let tokenizer = try SmallVocabularies.tokenizer(description)
      let text = generator.bytes(limit: 200).map { Bool.random(using: &generator) ? $0 : 0x61 + $0 % 4 }
      let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
      #expect(tokens.count <= 128 * (text.count + 2))
      #expect(tokens.allSatisfy { tokenizer.vocabulary.kind(of: $0) != nil })
    }
  }

  @Test func `scores that are no numbers keep every text encodable`() throws {
    var description = SmallVocabularies.unigram()
    description.scores = (0..<description.texts.count).map { [.nan, .infinity, -.infinity, 0, -1e38][$0 % 5] }
    let tokenizer = try SmallVocabularies.tokenizer(description)
    let tokens = tokenizer.encode("hello aaa hello", addSpecial: false, parseSpecial: false)
    #expect(tokenizer.decode(tokens) == Array("hello aaa hello".utf8))
  }

  private func encode(_ text: String, _ description: VocabularyDescription) throws -> [Token] {
    try SmallVocabularies.tokenizer(description).encode(text, addSpecial: true, parseSpecial: false)
  }
}
