/// Text to tokens and back, for one vocabulary.
///
/// Immutable: one may serve any number of threads. Encoding takes n log n time in the bytes of the text, decoding linear time.
package final class Tokenizer: Sendable {
  /// The tokens this tokenizer knows.
  package let vocabulary: Vocabulary

  private let family: any TokenizerFamily
  private let userDefinedTokens: SpecialTokenScanner
  private let specialTokens: SpecialTokenScanner

  /// Builds the tables that the family of `vocabulary` needs.
  package init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    family = try Tokenizers.family(named: vocabulary.family).init(vocabulary)
    userDefinedTokens = SpecialTokenScanner(vocabulary.tokens { $0 == .userDefined }, of: vocabulary)
    specialTokens = SpecialTokenScanner(
      vocabulary.tokens { $0 == .userDefined || $0.isSpecial }, of: vocabulary)
    self.vocabulary = vocabulary.withoutMerges(family.gaps)
  }

  /// The tokens of `text`.
  ///
  /// Never fails: what has no token is spelled in bytes, and what has none of these either becomes UNK or nothing.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - addSpecial: Whether BOS and EOS are added where the vocabulary says so. They are not looked for first.
  ///   - parseSpecial: Whether the texts of control tokens in `text` become those tokens. Only for text of one's own: a
  ///     user's words must not become control tokens. User-defined tokens are recognised always.
  /// - Returns: The tokens, all of them in the vocabulary.
  package func encode(_ text: String, addSpecial: Bool, parseSpecial: Bool) -> [Token] {
    encode(Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial)
  }

  /// The tokens of the bytes `text`, which need not be UTF-8; otherwise as for a string.
  package func encode(_ text: [UInt8], addSpecial: Bool, parseSpecial: Bool) -> [Token] {
    var tokens: [Token] = []
    if addSpecial, vocabulary.addsBOS, let bos = vocabulary[.beginningOfSequence] { tokens.append(bos) }
    var start = 0
    for match in (parseSpecial ? specialTokens : userDefinedTokens).matches(in: text) where match.start >= start {
      if start < match.start {
        family.encode(text, start..<match.start, startsText: true, into: &tokens)
      }
      tokens.append(match.token)
      start = end(of: match, in: text)
    }
    if start < text.count { family.encode(text, start..<text.count, startsText: true, into: &tokens) }
    if addSpecial, vocabulary.addsEOS, let eos = vocabulary[.endOfSequence] { tokens.append(eos) }
    return tokens
  }

  /// The bytes of `tokens`: UTF-8 if the tokens came from whole text, but a model may end or err within a character.
  ///
  /// - Parameters:
  ///   - tokens: The tokens; ids outside the vocabulary stand for nothing.
  ///   - renderSpecial: Whether control tokens appear, as their text.
  ///   - continuing: Whether other text stands before these tokens, so that a leading space is theirs.
  /// - Returns: The bytes.
  package func decode(
    _ tokens: some Sequence<Token>, renderSpecial: Bool = false, continuing: Bool = false
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    var atStart = !continuing
    for token in tokens { append(token, to: &bytes, renderSpecial: renderSpecial, atStart: &atStart) }
    return bytes
  }

  /// The bytes of one token, as within a text: a leading space is kept.
  package func piece(of token: Token, renderSpecial: Bool = false) -> [UInt8] {
    decode(CollectionOfOne(token), renderSpecial: renderSpecial, continuing: true)
  }

  /// Whether a model that produces `token` has ended its text or turn.
  package func isEndOfGeneration(_ token: Token) -> Bool { vocabulary.endOfGeneration.contains(token) }

  /// Appends the bytes of `token`, without the space that encoding added when they are the first of a text.
  func append(_ token: Token, to bytes: inout [UInt8], renderSpecial: Bool, atStart: inout Bool) {
    guard let kind = vocabulary.kind(of: token), renderSpecial || !kind.isSpecial else { return }
    let text = vocabulary.texts[Int(token)]
    let start = bytes.count
    if kind.isSpecial {
      bytes.append(contentsOf: text)
    } else {
      family.appendPiece(text, kind, to: &bytes)
    }
    guard atStart, bytes.count > start else { return }
    atStart = false
    let isSpacePrefix = vocabulary.addsSpacePrefix && kind != .byte && !kind.isSpecial && bytes[start] == 0x20
    if isSpacePrefix { bytes.remove(at: start) }
  }

  private func end(of match: SpecialTokenScanner.Match, in text: [UInt8]) -> Int {
    var end = match.end
    if vocabulary.swallowsSpace(after: match.token) {
      while end < text.count, text[end] == 0x20 || (0x09...0x0D).contains(text[end]) { end += 1 }
    }
    return end
  }
}

extension TokenKind {
  /// Whether tokens of this kind are no text: control tokens and UNK.
  var isSpecial: Bool { self == .control || self == .unknown }
}
