internal import ApusCore
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

@Suite struct SpecialTokenTests {
  @Test func `control tokens are recognised only where that is asked for`() throws {
    let tokenizer = try SmallVocabularies.tokenizer(SmallVocabularies.bytePair(extra: [("<|x|>", .control)]))
    let x = try #require(tokenizer.vocabulary.token(of: "<|x|>"))
    #expect(tokenizer.encode("<|x|>", addSpecial: false, parseSpecial: true) == [x])
    #expect(tokenizer.encode("<|x|>", addSpecial: false, parseSpecial: false).count == 5)
  }

  @Test func `user-defined tokens are recognised always`() throws {
    let tokenizer = try SmallVocabularies.tokenizer(SmallVocabularies.bytePair(extra: [("<x>", .userDefined)]))
    let x = try #require(tokenizer.vocabulary.token(of: "<x>"))
    for parseSpecial in [false, true] {
      #expect(tokenizer.encode("<x><x", addSpecial: false, parseSpecial: parseSpecial) == [x, 60, 120].map { $0 })
    }
  }

  @Test func `the longest of the tokens that start first is taken`() throws {
    let texts = ["<a", "<a>", "a>b>", "<a>b", ">"]
    let tokenizer = try SmallVocabularies.tokenizer(
      SmallVocabularies.bytePair(extra: texts.map { ($0, .control) }))
    func found(_ text: String) -> [String] {
      tokenizer.encode(text, addSpecial: false, parseSpecial: true).map {
        String(decoding: tokenizer.piece(of: $0, renderSpecial: true), as: UTF8.self)
      }
    }
    #expect(found("<a>b>") == ["<a>b", ">"])
    #expect(found("<a<a>c>") == ["<a", "<a>", "c", ">"])
    #expect(found("a>b>a>b") == ["a>b>", "a", ">", "b"])
    #expect(found("") == [])
  }

  @Test func `canonically equal texts are different tokens`() throws {
    let tokenizer = try SmallVocabularies.tokenizer(
      SmallVocabularies.bytePair(extra: [("\u{E9}\u{E9}", .control), ("e\u{301}\u{E9}", .control)]))
    let first = Token(tokenizer.vocabulary.count - 2)
    #expect(tokenizer.encode("\u{E9}\u{E9}", addSpecial: false, parseSpecial: true) == [first])
    #expect(tokenizer.encode("e\u{301}\u{E9}", addSpecial: false, parseSpecial: true) == [first + 1])
  }

  @Test func `the scanner agrees with a search for each token at each place`() throws {
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<100 {
      let texts = (0..<6).map { _ in
        String((0..<Int.random(in: 1...4, using: &generator)).map { _ in "AB".randomElement(using: &generator) ?? "A" })
      }
      let tokenizer = try SmallVocabularies.tokenizer(
        SmallVocabularies.bytePair(merges: ["h e"], extra: texts.map { ($0 + "!", .control) }))
      let text = String((0..<60).map { _ in "AB!".randomElement(using: &generator) ?? "A" })
      let tokens = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
      let found = tokens.filter { $0 > 256 }.map {
        String(decoding: tokenizer.piece(of: $0, renderSpecial: true), as: UTF8.self)
      }
      #expect(found == searched(text, texts.map { $0 + "!" }), "\(texts) in \(text)")
    }
  }

  @Test func `SentencePiece puts a space before the text after a special token`() throws {
    let tokenizer = try SmallVocabularies.tokenizer(SmallVocabularies.sentencePiece())
    let hello = try #require(tokenizer.vocabulary.token(of: "▁hello"))
    #expect(tokenizer.encode("hello<s>hello", addSpecial: false, parseSpecial: true) == [hello, 1, hello])
  }

  @Test func `special tokens swallow the white space after them where the model says so`() throws {
    var description = SmallVocabularies.sentencePiece(extra: [("<|end|>", .control)])
    description.specialTokensSwallowSpace = true
    let tokenizer = try SmallVocabularies.tokenizer(description)
    let hello = try #require(tokenizer.vocabulary.token(of: "▁hello"))
    let end = try #require(tokenizer.vocabulary[.endOfTurn])
    #expect(tokenizer.encode("<|end|> \n hello", addSpecial: false, parseSpecial: true) == [end, hello])
    #expect(tokenizer.encode("<s> hello", addSpecial: false, parseSpecial: true).count > 2)
  }

  private func searched(_ text: String, _ tokens: [String]) -> [String] {
    var found: [String] = []
    var rest = Substring(text)
    while !rest.isEmpty {
      let longest = tokens.filter { rest.hasPrefix($0) }.max { $0.count < $1.count }
      if let longest { found.append(longest) }
      rest = rest.dropFirst(longest?.count ?? 1)
    }
    return found
  }
}
