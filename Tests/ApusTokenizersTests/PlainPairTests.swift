internal import ApusTokenizers
internal import Testing

/// Gemma 4's kind of byte-pair encoding.
@Suite struct PlainPairTests {
  private func pieces(
    _ text: String, _ description: VocabularyDescription = SmallVocabularies.plainPair()
  ) throws
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

@Suite struct `Pairs of characters within words` {
  private func pieces(_ text: String, _ change: (inout VocabularyDescription) -> Void = { _ in }) throws -> [String] {
    var description = VocabularyDescription(
      family: "gpt2",
      texts: ByteStrings([
        "<s>", "<pad>", "</s>", "<unk>", "h", "e", "l", "o", "!", "?", "你", "好", "H", "he", "ll", "hell", "hello",
        "你好", "!?", "ho",
      ]))
    description.pretokenizer = "whitespace"
    description.merges = ByteStrings(["h e", "l l", "he ll", "hell o", "你 好", "! ?", "h o"])
    description.kinds = [3, 3, 3, 2] + Array(repeating: 1, count: description.texts.count - 4)
    description.specialIDs = [.beginningOfSequence: 0, .endOfSequence: 2, .unknown: 3]
    change(&description)
    let tokenizer = try SmallVocabularies.tokenizer(description)
    return tokenizer.encode(text, addSpecial: true, parseSpecial: false).map {
      String(decoding: tokenizer.vocabulary.texts[Int($0)], as: UTF8.self)
    }
  }

  @Test func `white space vanishes, and words and punctuation stay apart`() throws {
    #expect(try pieces("hello  \n你好!?") == ["<s>", "hello", "你好", "!?", "</s>"])
    #expect(try pieces("h o! ?\u{3000}ho") == ["<s>", "h", "o", "!", "?", "ho", "</s>"])
    #expect(try pieces("") == ["<s>", "</s>"])
    #expect(try pieces(" \t") == ["<s>", "</s>"])
  }

  @Test func `upper case becomes lower case unless the file says otherwise`() throws {
    #expect(try pieces("HeLLo") == ["<s>", "hello", "</s>"])
    #expect(try pieces("Ho") { $0.normalization.lowercases = false } == ["<s>", "H", "o", "</s>"])
  }

  @Test func `what is no token is unknown`() throws {
    #expect(try pieces("hexo é") == ["<s>", "he", "<unk>", "o", "<unk>", "</s>"])
  }

  @Test func `encoding stops before the whole text is in lower case`() throws {
    var description = SmallVocabularies.plainPair()
    description.family = "whitespace"
    let tokenizer = try SmallVocabularies.tokenizer(description)
    let text = String(repeating: "Hello ", count: 20_000)
    #expect(tokenizer.encode(text, addSpecial: false, parseSpecial: false) { true }.isEmpty)
  }

  @Test func `the file may name the family instead`() throws {
    #expect(try pieces("hello 你好") { $0.family = "whitespace" } == ["<s>", "hello", "你好", "</s>"])
  }
}
