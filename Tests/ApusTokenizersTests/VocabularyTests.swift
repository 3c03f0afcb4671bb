internal import ApusCore
internal import ApusTokenizers
internal import Testing

@Suite struct VocabularyTests {
  @Test func `BOS and EOS are added as the model file says, else as the family does`() throws {
    var description = SmallVocabularies.sentencePiece()
    let hello = try #require(try Vocabulary(description).token(of: "▁hello"))
    #expect(try encoded("hello", description) == [1, hello])
    description.addsEOS = true
    #expect(try encoded("hello", description) == [1, hello, 2])
    description.addsBOS = false
    #expect(try encoded("hello", description) == [hello, 2])
    #expect(try encoded("", description) == [2])
  }

  @Test func `byte-level vocabularies get BOS only where their pre-tokenizer's models do`() throws {
    var description = SmallVocabularies.bytePair(extra: [("<|x|>", .control)], pretokenizer: "llama-bpe")
    description.specialIDs[.beginningOfSequence] = 263
    #expect(try encoded("", description) == [263])
    description.pretokenizer = "gpt-2"
    #expect(try encoded("", description) == [])
    #expect(try Vocabulary(SmallVocabularies.bytePair())[.beginningOfSequence] == nil)
  }

  @Test func `the space prefix can be turned off`() throws {
    var description = SmallVocabularies.sentencePiece()
    description.addsSpacePrefix = false
    let tokenizer = try SmallVocabularies.tokenizer(description)
    let hello = try #require(tokenizer.vocabulary.token(of: "hello"))
    #expect(tokenizer.encode("hello", addSpecial: false, parseSpecial: false) == [hello])
    #expect(
      tokenizer.decode(tokenizer.encode(" hello", addSpecial: false, parseSpecial: false)) == Array(" hello".utf8))
  }

  @Test func `ids outside the vocabulary are refused, -1 means none, and defaults outside are dropped`() throws {
    var description = SmallVocabularies.sentencePiece()
    for id in [description.texts.count, Int.max, -2, Int.min] {
      description.specialIDs[.endOfSequence] = id
      #expect(throws: TokenizerError.idOutOfRange(of: "EOS", id: id, tokenCount: description.texts.count)) {
        try Vocabulary(description)
      }
    }
    description.specialIDs[.endOfSequence] = -1
    description.specialIDs[.unknown] = -1
    #expect(try Vocabulary(description)[.unknown] == nil)
    var tiny = VocabularyDescription(family: "llama", texts: ByteStrings(["a"]))
    tiny.scores = [0]
    let vocabulary = try Vocabulary(tiny)
    #expect(vocabulary[.unknown] == 0 && vocabulary[.beginningOfSequence] == nil && vocabulary[.endOfSequence] == nil)
  }

  @Test func `a generation ends at EOS and at every token whose text says so`() throws {
    let vocabulary = try Vocabulary(
      SmallVocabularies.bytePair(
        extra: [("<|im_end|>", .normal), ("</s>", .normal), ("<|eom_id|>", .control), ("<end_of_turn>", .control)]))
    let names = vocabulary.endOfGeneration.map { String(decoding: vocabulary.texts[Int($0)], as: UTF8.self) }
    #expect(Set(names) == ["<|im_end|>", "<|eom_id|>", "<end_of_turn>"])
    let imEnd = try #require(vocabulary.token(of: "<|im_end|>"))
    #expect(vocabulary.kind(of: imEnd) == .control)
    #expect(vocabulary[.endOfTurn] == imEnd)
  }

  @Test func `an unknown family or pre-tokenizer is refused with the names of the known ones`() throws {
    let families = ["llama", "gpt2", "t5", "bert", "gemma4", "whitespace"]
    #expect(throws: TokenizerError.unknownFamily("rwkv", known: families)) {
      try Vocabulary(VocabularyDescription(family: "rwkv", texts: ByteStrings(["a"])))
    }
    let known =
      SmallVocabularies.pretokenizers + SmallVocabularies.plainPretokenizers + SmallVocabularies.wordPretokenizers
    #expect(known.contains("default") && known.contains("qwen2"))
    #expect(throws: TokenizerError.unknownPretokenizer("x\n", known: known)) {
      try Vocabulary(SmallVocabularies.bytePair(pretokenizer: "x\n"))
    }
    #expect(
      "\(TokenizerError.unknownPretokenizer("x\n", known: ["a", "b"]))"
        == "unknown pre-tokenizer \"x\\n\"; known are a, b")
  }

  private func encoded(_ text: String, _ description: VocabularyDescription) throws -> [Token] {
    try SmallVocabularies.tokenizer(description).encode(text, addSpecial: true, parseSpecial: false)
  }
}
