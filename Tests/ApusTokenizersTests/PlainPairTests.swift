internal import ApusTokenizers
internal import Testing

/// Gemma 4's kind of byte-pair encoding.
@Suite struct PlainPairTests {
  private func pieces(_ text: String, _ description: VocabularyDescription = SmallVocabularies.plainPair()) throws
    -> [String]
  {
    let tokenizer = try SmallVocabularies.tokenizer(description)
    return tokenizer.encode(text, addSpecial: false, parseSpecial: false).map {
      String(decoding: tokenizer.vocabulary.texts[Int($0)], as: UTF8.self)
    }
  }

  @Test func `merges go by rank and over spaces`() throws {
    #expect(try pieces("hello hello") == ["hello", "▁hello"])
    #expect(try pieces("aaa  o o") == ["aa", "a", "▁▁", "o▁", "o"])
  }

  @Test func `what is no token is spelled in bytes`() throws {
    #expect(try pieces("é天") == ["é", "<0xE5>", "<0xA4>", "<0xA9>"])
  }

  @Test func `line breaks that are a token together are taken whole`() throws {
    #expect(try pieces("a\n\na\n\n\n") == ["a", "\n\n", "a", "\n", "\n", "\n"])
  }

  @Test func `text never becomes byte or control tokens`() throws {
    #expect(!(try pieces("<0x41><bos>")).contains { $0 == "<0x41>" || $0 == "<bos>" })
  }

  @Test func `BOS comes first whatever the file says`() throws {
    for addsBOS in [nil, true, false] as [Bool?] {
      var description = SmallVocabularies.plainPair()
      description.addsBOS = addsBOS
      let tokenizer = try SmallVocabularies.tokenizer(description)
      #expect(tokenizer.encode("", addSpecial: true, parseSpecial: false) == [2])
    }
  }

  @Test(arguments: SmallVocabularies.plainPretokenizers)
  func `a byte-level vocabulary with such a pre-tokenizer is of this family`(_ name: String) throws {
    var description = SmallVocabularies.plainPair()
    description.family = "gpt2"
    description.pretokenizer = name
    #expect(try pieces("hello hello", description) == ["hello", "▁hello"])
  }
}
