internal import ApusCore
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

@Suite struct HostileVocabularyTests {
  @Test func `lists of a wrong length, unknown types and no tokens at all are refused`() throws {
    #expect(throws: TokenizerError.tokenCount(0)) {
      try Vocabulary(VocabularyDescription(family: "llama", texts: ByteStrings()))
    }
    var description = SmallVocabularies.sentencePiece()
    let count = description.texts.count
    description.scores?.removeLast()
    #expect(throws: TokenizerError.wrongCount(of: "scores", expected: count, found: count - 1)) {
      try Vocabulary(description)
    }
    description = SmallVocabularies.sentencePiece()
    description.kinds?.append(1)
    #expect(throws: TokenizerError.wrongCount(of: "types", expected: count, found: count + 1)) {
      try Vocabulary(description)
    }
    for kind in [-1, 7, .max, .min] as [Int32] {
      description.kinds = [kind] + Array(repeating: 1, count: count - 1)
      #expect(throws: TokenizerError.unknownKind(kind, token: 0)) { try Vocabulary(description) }
    }
  }

  @Test func `what a family needs must be there`() throws {
    var description = SmallVocabularies.sentencePiece()
    description.scores = nil
    #expect(throws: TokenizerError.missing("scores", family: "llama")) { try SmallVocabularies.tokenizer(description) }
    description = SmallVocabularies.bytePair()
    description.merges = nil
    #expect(throws: TokenizerError.missing("merges", family: "gpt2")) { try SmallVocabularies.tokenizer(description) }
    description = SmallVocabularies.unigram()
    description.scores = nil
    #expect(throws: TokenizerError.missing("scores", family: "t5")) { try SmallVocabularies.tokenizer(description) }
    description = SmallVocabularies.plainPair()
    description.merges = nil
    #expect(throws: TokenizerError.missing("merges", family: "gemma4")) { try SmallVocabularies.tokenizer(description) }
  }

  @Test(arguments: [
    "<0x-1>", "<0x1>", "<0x123>", "<0xG0>", "<0x0A", "", "0A", "<0x+1>", "<0x 1>", "<0X0A>", "<0x\u{FF11}>",
  ])
  func `a byte token is exactly two hexadecimal digits`(_ text: String) throws {
    let description = SmallVocabularies.sentencePiece(extra: [(text, .byte)])
    #expect(throws: TokenizerError.malformedByteToken(text, token: description.texts.count - 1)) {
      try SmallVocabularies.tokenizer(description)
    }
  }

  @Test func `of equal tokens the first is used`() throws {
    let tokenizer = try SmallVocabularies.tokenizer(
      SmallVocabularies.sentencePiece(
        ["▁", "hi", "▁hi", "▁hi", "h", "i"], extra: [("<x>", .control), ("<x>", .control)]))
    let first = try #require(tokenizer.vocabulary.token(of: "▁hi"))
    #expect(tokenizer.encode("hi", addSpecial: false, parseSpecial: false) == [first])
    #expect(tokenizer.decode([first, first + 1]) == Array("hi hi".utf8))
    let special = try #require(tokenizer.vocabulary.token(of: "<x>"))
    #expect(tokenizer.encode("<x>", addSpecial: false, parseSpecial: true) == [special])
  }

  @Test func `tokens without text, cycles of merges and malformed merges do no harm`() throws {
    let merges = ["a b", "ab a", "b a", "ba b", "a", "", " ", "  ", "a ", " a", "a b c", "nosuch a", "a b"]
    var description = SmallVocabularies.bytePair(merges: merges, extra: [("", .control), ("", .userDefined)])
    description.specialIDs[.endOfSequence] = description.texts.count - 1
    let tokenizer = try SmallVocabularies.tokenizer(description)
    for text in ["", "abababab", "a b a b", "\0"] {
      let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
      #expect(tokenizer.decode(tokens) == Array(text.utf8))
    }
  }

  @Test func `scores that are no numbers keep every text encodable`() throws {
    var description = SmallVocabularies.sentencePiece()
    description.scores = description.scores.map { scores in
      scores.indices.map { [Float.nan, .infinity, -.infinity, 0, -.zero][$0 % 5] }
    }
    let tokenizer = try SmallVocabularies.tokenizer(description)
    let tokens = tokenizer.encode("hello aaa hello", addSpecial: false, parseSpecial: false)
    #expect(tokenizer.decode(tokens) == Array("hello aaa hello".utf8))
  }

  @Test func `text without tokens becomes UNK once, or nothing`() throws {
    var description = VocabularyDescription(family: "llama", texts: ByteStrings(["<unk>", "▁", "a"]))
    description.scores = [0, 0, 0]
    description.kinds = [2, 1, 1]
    #expect(try encode("axyza", description) == [1, 2, 0, 2])
    description.specialIDs[.unknown] = -1
    #expect(try encode("axyza", description) == [1, 2, 2])
    var bytePair = VocabularyDescription(family: "gpt2", texts: ByteStrings(["a", "b", "ab"]))
    bytePair.merges = ByteStrings(["a b"])
    #expect(try encode("xaxbx", bytePair) == [2])
  }

  @Test func `random vocabularies never trap`() throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<300 {
      let families = Tokenizers.names
      let family = families[Int.random(in: families.indices, using: &generator)]
      var texts = ByteStrings()
      for _ in 0..<Int.random(in: 1...30, using: &generator) { texts.append(generator.bytes(limit: 4)) }
      // Without any token that starts a word WordPiece is refused.
      if family == "bert" { texts.append(Array("▁".utf8) + generator.bytes(limit: 2)) }
      var description = VocabularyDescription(family: family, texts: texts)
      description.scores = (0..<texts.count).map { _ in
        Float(bitPattern: .random(in: 0...UInt32.max, using: &generator))
      }
      description.kinds = (0..<texts.count).map { _ in Int32.random(in: 0...5, using: &generator) }
      if family == "bert" { description.kinds?[texts.count - 1] = 1 }
      var merges = ByteStrings()
      for _ in 0..<20 { merges.append(generator.bytes(limit: 5).map { $0 < 64 ? 0x20 : $0 }) }
      description.merges = merges
      description.addsSpacePrefix = Bool.random(using: &generator)
      description.normalization.removesExtraSpaces = Bool.random(using: &generator)
      description.normalization.lowercases = Bool.random(using: &generator)
      let tokenizer = try SmallVocabularies.tokenizer(description)
      for _ in 0..<5 {
        let tokens = tokenizer.encode(generator.bytes(limit: 60), addSpecial: true, parseSpecial: true)
        #expect(tokens.allSatisfy { tokenizer.vocabulary.kind(of: $0) != nil })
        var decoder = StreamingDecoder(tokenizer)
        let text = tokens.map { decoder.feed($0) }.joined() + decoder.finish()
        #expect(Array(text.utf8) == Array(String(decoding: tokenizer.decode(tokens), as: UTF8.self).utf8))
      }
    }
  }

  private func encode(_ text: String, _ description: VocabularyDescription) throws -> [Token] {
    try SmallVocabularies.tokenizer(description).encode(text, addSpecial: false, parseSpecial: false)
  }
}
