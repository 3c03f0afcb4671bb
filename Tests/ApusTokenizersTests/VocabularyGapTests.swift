internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation
internal import Testing

@Suite struct `What a model file leaves out about its vocabulary` {
  private func gaps(_ description: VocabularyDescription) throws -> [VocabularyGap] { try Vocabulary(description).gaps }

  /// A byte-level vocabulary that leaves out nothing.
  private var whole: VocabularyDescription {
    var description = SmallVocabularies.bytePair(extra: [("<|endoftext|>", .control)])
    description.specialIDs[.endOfSequence] = description.texts.count - 1
    return description
  }

  @Test func `is nothing where the file says everything`() throws {
    #expect(try gaps(whole) == [])
    var description = SmallVocabularies.sentencePiece()
    description.specialIDs = [.beginningOfSequence: 1, .endOfSequence: 2]
    #expect(try gaps(description) == [])
    for url in TestData.files(in: "tokenizers/vocab", suffix: ".gguf") {
      #expect(try makeTokenizer(GGUFFile.open(path: url.path)).vocabulary.gaps == [], "\(url.lastPathComponent)")
    }
  }

  @Test(arguments: [nil, "default"])
  func `is the pre-tokenizer of a byte-level vocabulary`(_ name: String?) throws {
    var description = whole
    description.pretokenizer = name
    #expect(try gaps(description) == [.pretokenizer])
  }

  @Test func `is the kinds of tokens`() throws {
    var description = whole
    description.kinds = nil
    #expect(try gaps(description) == [.kinds])
  }

  @Test func `is a token that begins or ends a text`() throws {
    var description = SmallVocabularies.sentencePiece()
    #expect(
      try gaps(description)
        == [.assumed(.beginningOfSequence, text: "<s>"), .assumed(.endOfSequence, text: "</s>")])
    description.specialIDs = [.beginningOfSequence: -1, .endOfSequence: -1]
    #expect(try gaps(description) == [.noBeginning])
    description = SmallVocabularies.bytePair()
    #expect(try gaps(description) == [.noEnd])
  }

  @Test func `is a token for text that has none`() throws {
    for var description in [SmallVocabularies.unigram(), SmallVocabularies.wordPiece()] {
      #expect(!(try SmallVocabularies.tokenizer(description).vocabulary.gaps.contains(.noUnknown)))
      description.specialIDs[.unknown] = -1
      #expect(try SmallVocabularies.tokenizer(description).vocabulary.gaps.contains(.noUnknown))
    }
    for var description in [SmallVocabularies.sentencePiece(), SmallVocabularies.plainPair()] {
      description.specialIDs[.unknown] = -1
      #expect(!(try SmallVocabularies.tokenizer(description).vocabulary.gaps.contains(.noUnknown)))
      let byte = 100
      description.kinds?[byte] = TokenKind.unused.rawValue
      #expect(try SmallVocabularies.tokenizer(description).vocabulary.gaps.contains(.noUnknown))
    }
  }

  @Test func `is a piece that goes on within a word, and never one that starts a word`() throws {
    let whole = SmallVocabularies.wordPiece(["▁a", "▁b"])
    #expect(try SmallVocabularies.tokenizer(whole).vocabulary.gaps.contains(.noWordParts))
    for pieces in [["a", "##b"], []] {
      #expect(throws: TokenizerError.missing("tokens that start a word (with U+2581)", family: "bert")) {
        try SmallVocabularies.tokenizer(SmallVocabularies.wordPiece(pieces))
      }
    }
  }

  @Test func `is a score that is no number`() throws {
    for var description in [SmallVocabularies.unigram(), SmallVocabularies.sentencePiece()] {
      let last = description.texts.count - 1
      // Scores of control tokens mean nothing.
      description.scores?[1] = .nan
      #expect(!(try SmallVocabularies.tokenizer(description).vocabulary.gaps.contains(.scores(unusable: 1))))
      description.scores?[last] = .nan
      description.scores?[last - 1] = -.infinity
      #expect(try SmallVocabularies.tokenizer(description).vocabulary.gaps.contains(.scores(unusable: 2)))
    }
  }

  @Test func `is a merge of what are no tokens`() throws {
    var description = whole
    description.merges = ByteStrings(["h e", "no merge", "nomerge", "l l"])
    #expect(try SmallVocabularies.tokenizer(description).vocabulary.gaps == [.merges(unusable: 2)])
    #expect(try SmallVocabularies.tokenizer(whole).vocabulary.gaps == [])
  }
}
