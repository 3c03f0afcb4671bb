internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation
internal import Testing

@Suite struct RoundTripTests {
  private static let smallVocabularies = [
    SmallVocabularies.bytePair(), SmallVocabularies.bytePair(extra: [("hel", .userDefined), ("<|x|>", .control)]),
    SmallVocabularies.sentencePiece(), SmallVocabularies.sentencePiece(["▁", "o▁w", "o", "w", "▁w", "o▁"]),
    SmallVocabularies.plainPair(), SmallVocabularies.plainPair(merges: ["o ▁", "▁ w", "l o▁"]),
  ]

  @Test(arguments: smallVocabularies.indices)
  func `text and any bytes come back from a vocabulary with all bytes`(_ index: Int) throws {
    let tokenizer = try SmallVocabularies.tokenizer(Self.smallVocabularies[index])
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<300 {
      expectRoundTrip(Array(generator.text(limit: 12).utf8), tokenizer)
      expectRoundTrip(generator.bytes(limit: 40), tokenizer)
    }
  }

  @Test(arguments: SmallVocabularies.pretokenizers)
  func `text and any bytes come back through every pre-tokenizer`(_ name: String) throws {
    let tokenizer = try SmallVocabularies.tokenizer(SmallVocabularies.bytePair(pretokenizer: name))
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<100 {
      expectRoundTrip(Array(generator.text(limit: 12).utf8), tokenizer)
      expectRoundTrip(generator.bytes(limit: 40), tokenizer)
    }
  }

  @Test(
    .enabled(if: TestData.shouldRun, "\(TestData.reason)"),
    arguments: ReferenceVocabularies.files)
  func `text comes back from the reference vocabularies, but for characters they cannot spell`(_ file: URL) throws {
    let tokenizer = try ReferenceVocabularies.tokenizer(file)
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      let text = generator.text(limit: 12).unicodeScalars.filter { scalar in
        let bytes = Array(String(scalar).utf8)
        return tokenizer.decode(tokenizer.encode(bytes, addSpecial: false, parseSpecial: false)) == bytes
      }
      let bytes = Array(String(String.UnicodeScalarView(text)).utf8)
      // SentencePiece puts a space after user-defined tokens, and Phi-3 removes one.
      let hasUserDefined = tokenizer.encode(bytes, addSpecial: false, parseSpecial: false).contains {
        tokenizer.vocabulary.kind(of: $0) == .userDefined
      }
      if tokenizer.vocabulary.addsSpacePrefix && hasUserDefined { continue }
      expectRoundTrip(bytes, tokenizer)
    }
  }

  @Test(arguments: [SmallVocabularies.unigram(), SmallVocabularies.wordPiece()].indices)
  func `what a vocabulary that rewrites text gives comes back to the same tokens`(_ index: Int) throws {
    let tokenizer = try SmallVocabularies.tokenizer(
      [SmallVocabularies.unigram(), SmallVocabularies.wordPiece()][index])
    for text in ["hello aa", "he llo a", "a hello, hello", "a天地 a"] {
      let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: false)
        .filter { $0 != tokenizer.vocabulary[.unknown] }
      let decoded = tokenizer.decode(tokens)
      #expect(tokenizer.encode(decoded, addSpecial: true, parseSpecial: false) == tokens, "\(text)")
    }
  }

  private func expectRoundTrip(_ bytes: [UInt8], _ tokenizer: Tokenizer) {
    let tokens = tokenizer.encode(bytes, addSpecial: false, parseSpecial: false)
    #expect(tokenizer.decode(tokens) == bytes, "\(bytes)")
    #expect(tokens.allSatisfy { tokenizer.vocabulary.kind(of: $0) != nil })
  }
}
