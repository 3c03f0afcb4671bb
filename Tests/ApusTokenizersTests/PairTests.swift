internal import ApusCore
internal import ApusTokenizers
internal import Testing

@Suite struct `Two texts that are compared` {
  private let bert = SmallVocabularies.wordPiece()

  /// A byte-level vocabulary as RoBERTa's: BOS is token 0, EOS the last one.
  private var roberta: VocabularyDescription {
    var description = SmallVocabularies.bytePair(
      merges: ["a a"], extra: [("</s>", .control)], pretokenizer: "roberta-bpe")
    description.specialIDs = [.beginningOfSequence: 0, .endOfSequence: description.texts.count - 1]
    description.addsBOS = true
    description.addsEOS = true
    return description
  }

  private func pair(
    _ first: String, _ second: String, _ description: VocabularyDescription, limit: Int? = nil
  ) throws -> (tokens: [Token], isTruncated: Bool) {
    try SmallVocabularies.tokenizer(description).encode(first, with: second, limit: limit)
  }

  @Test func `have SEP between them`() throws {
    #expect(try pair("a", "hello", bert).tokens == [2, 10, 3, 5, 3])
    #expect(try pair("", "", bert).tokens == [2, 3, 3])
  }

  @Test func `have two marks between them where the tokenizer is RoBERTa's kind`() throws {
    var description = roberta
    let end = Token(description.texts.count - 1)
    #expect(try pair("aa", "aa", description).tokens == [0, 256, end, end, 256, end])
    description.specialIDs[.separator] = 1
    #expect(try pair("aa", "aa", description).tokens == [0, 256, end, 1, 256, end])
    description.addsSeparator = false
    #expect(try pair("aa", "aa", description).tokens == [0, 256, end, 256, end])
    description = SmallVocabularies.unigram(["▁", "a", "▁a"])
    #expect(try pair("a", "a", description).tokens == [5, 1, 1, 5, 1])
  }

  @Test func `lose the second one's end where they are too long`() throws {
    let whole = try pair("a b", "a b a", bert)
    #expect(whole.tokens == [2, 10, 12, 3, 10, 12, 10, 3] && !whole.isTruncated)
    #expect(try pair("a b", "a b a", bert, limit: 8).tokens == whole.tokens)
    let cut = try pair("a b", "a b a", bert, limit: 6)
    #expect(cut.tokens == [2, 10, 12, 3, 10, 3] && cut.isTruncated)
    let none = try pair("a b", "a b a", bert, limit: 2)
    #expect(none.tokens == [2, 10, 12, 3, 3] && none.isTruncated)
    let end = Token(roberta.texts.count - 1)
    #expect(try pair("aa", "aaaa", roberta, limit: 6).tokens == [0, 256, end, end, 256, end])
  }

  @Test func `become no control tokens`() throws {
    let end = Token(roberta.texts.count - 1)
    #expect(try pair("</s>", "</s>", roberta).tokens.count { $0 == end } == 3)
  }
}
