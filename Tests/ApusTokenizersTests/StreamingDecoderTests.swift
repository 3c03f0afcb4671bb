internal import ApusCore
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

@Suite struct StreamingDecoderTests {
  private let bytePair: Tokenizer
  private let sentencePiece: Tokenizer

  init() throws {
    bytePair = try SmallVocabularies.tokenizer(SmallVocabularies.bytePair(extra: [("<|x|>", .control)]))
    sentencePiece = try SmallVocabularies.tokenizer(SmallVocabularies.sentencePiece())
  }

  @Test func `a character appears when its last byte has come`() {
    var decoder = StreamingDecoder(bytePair)
    let pieces = bytePair.encode("é😀!", addSpecial: false, parseSpecial: false).map { decoder.feed($0) }
    #expect(pieces == ["", "é", "", "", "", "😀", "!"])
    #expect(decoder.finish() == "")
  }

  @Test func `a text that ends within a character ends in a replacement character`() {
    var decoder = StreamingDecoder(bytePair)
    let tokens = bytePair.encode([0x61, 0xF0, 0x9F, 0x98], addSpecial: false, parseSpecial: false)
    #expect(tokens.map { decoder.feed($0) }.joined() == "a")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.finish() == "")
  }

  @Test(arguments: 0..<200)
  func `the pieces joined are the whole text, whatever the tokens`(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for tokenizer in try SmallVocabularies.all.map({ try SmallVocabularies.tokenizer($0) }) {
      for (renderSpecial, continuing) in [(false, false), (true, false), (false, true), (true, true)] {
        let tokens = (0..<40).map { _ in Token.random(in: -2...Token(tokenizer.vocabulary.count), using: &generator) }
        var decoder = StreamingDecoder(tokenizer, renderSpecial: renderSpecial, continuing: continuing)
        let text = tokens.map { decoder.feed($0) }.joined() + decoder.finish()
        let whole = tokenizer.decode(tokens, renderSpecial: renderSpecial, continuing: continuing)
        #expect(Array(text.utf8) == Array(String(decoding: whole, as: UTF8.self).utf8), "\(tokens)")
      }
    }
  }

  @Test func `the space that encoding adds is gone at the start of a text only`() {
    let tokens = sentencePiece.encode("hello hello", addSpecial: true, parseSpecial: false)
    var decoder = StreamingDecoder(sentencePiece)
    #expect(tokens.map { decoder.feed($0) } == ["", "hello", " hello"])
    var continuation = StreamingDecoder(sentencePiece, continuing: true)
    #expect(tokens.map { continuation.feed($0) } == ["", " hello", " hello"])
  }

  @Test func `control tokens appear where that is asked for`() {
    let tokens = bytePair.encode("a<|x|>a", addSpecial: false, parseSpecial: true)
    var hiding = StreamingDecoder(bytePair)
    #expect(tokens.map { hiding.feed($0) } == ["a", "", "a"])
    var showing = StreamingDecoder(bytePair, renderSpecial: true)
    #expect(tokens.map { showing.feed($0) } == ["a", "<|x|>", "a"])
  }
}
