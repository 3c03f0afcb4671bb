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

  @Test func `is a merge of what are no tokens`() throws {
    var description = whole
    description.merges = ByteStrings(["h e", "no merge", "nomerge", "l l"])
    #expect(try SmallVocabularies.tokenizer(description).vocabulary.gaps == [.merges(unusable: 2)])
    #expect(try SmallVocabularies.tokenizer(whole).vocabulary.gaps == [])
  }
}
