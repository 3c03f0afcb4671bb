internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation
internal import Testing

/// Long texts on which a careless tokenizer is quadratic.
///
/// The bound is far from tight: they take a fraction of a second, and a quadratic tokenizer would need minutes.
@Suite struct LinearityTests {
  private static let byteCount = 1 << 18

  private static let texts: [String: [UInt8]] = {
    var generator = SeededGenerator(seed: 6)
    func repeated(_ text: String) -> [UInt8] {
      Array(Array(repeating: Array(text.utf8), count: byteCount / text.utf8.count).joined())
    }
    return [
      "one letter": repeated("a"), "spaces": repeated(" "), "spaces and a letter": repeated(" ") + [0x61],
      "line breaks": repeated("\n"), "spaces and line breaks": repeated(" \n \r\n\t"), "digits": repeated("7"),
      "apostrophes": repeated("'"), "emoji": repeated("😀"), "ideographs": repeated("天地"), "a word": repeated("hello"),
      "half a special token": repeated("<|"), "no-break spaces": repeated("\u{A0}"), "marks": repeated("\u{301}"),
      "continuation bytes": Array(repeating: 0x80, count: byteCount),
      "lead bytes": Array(repeating: 0xF0, count: byteCount),
      "random bytes": (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) },
    ]
  }()

  @Test(.timeLimit(.minutes(5)), arguments: texts.keys.sorted())
  func `long texts take time in proportion`(_ name: String) throws {
    let text = try #require(Self.texts[name])
    let extra: [(String, TokenKind)] = [
      ("<|<|<|<|<|<|<|<|x", .control), ("hellohellohello!", .userDefined),
      (String(repeating: " ", count: 100) + "x", .control),
    ]
    var tokenizers = [try SmallVocabularies.tokenizer(SmallVocabularies.sentencePiece(extra: extra))]
    tokenizers.append(try SmallVocabularies.tokenizer(SmallVocabularies.plainPair(extra: extra)))
    for pretokenizer in [
      "gpt-2", "llama-bpe", "deepseek-llm", "deepseek-coder", "deepseek-v3", "default", "qwen35", "tekken", "gpt-4o",
      "kimi-k2", "tiny_aya", "superbpe", "jais-2", "exaone-moe", "bloom", "youtu", "laguna",
    ] {
      tokenizers.append(
        try SmallVocabularies.tokenizer(SmallVocabularies.bytePair(extra: extra, pretokenizer: pretokenizer)))
    }
    for tokenizer in tokenizers {
      let start = ContinuousClock.now
      let tokens = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
      #expect(tokenizer.decode(tokens) == text)
      #expect(ContinuousClock.now - start < .seconds(30))
    }
  }

  @Test(.timeLimit(.minutes(5)), arguments: texts.keys.sorted())
  func `rewriting texts takes time in proportion`(_ name: String) throws {
    let text = try #require(Self.texts[name])
    let long = (1...300).map { String(repeating: "a", count: $0) }
    let blanks = [String(repeating: "▁", count: 200) + "x"]
    for description in [
      SmallVocabularies.unigram(["▁"] + long + blanks), SmallVocabularies.wordPiece(["▁a"] + long + blanks),
    ] {
      let tokenizer = try SmallVocabularies.tokenizer(description)
      #expect(tokenizer.encode(text, addSpecial: false, parseSpecial: true).count <= text.count + 1)
    }
  }
}
