internal import ApusCore

/// Byte-pair encoding on characters instead of bytes: a character that is no token is spelled in byte tokens, or is
/// UNK.
struct CharacterPairs: Sendable {
  private let vocabulary: Vocabulary
  private let pairs: PairTable
  private let fallback: ByteFallback
  private let longestToken: Int
  /// What is wrong with the merges, and what text may be lost to.
  let gaps: [VocabularyGap]

  /// The tables for `vocabulary`, of the family `family`.
  init(_ vocabulary: Vocabulary, family: String) throws(TokenizerError) {
    guard vocabulary.merges.count > 0 else { throw .missing("merges", family: family) }
    let merges = Merges(vocabulary)
    pairs = merges.table
    fallback = try ByteFallback(vocabulary)
    gaps = merges.gaps + fallback.gaps
    longestToken = vocabulary.longestText
    self.vocabulary = vocabulary.withoutMerges()
  }

  /// Appends the tokens of `text[range]`, which may merge with each other.
  func encode(
    _ text: [UInt8], _ range: Range<Int>, _ merger: inout PairMerger, into tokens: inout [Token],
    _ check: inout StopCheck
  ) {
    var position = range.lowerBound
    while position < range.upperBound {
      let end = position + scalar(in: text.span, at: position, end: range.upperBound).byteCount
      merger.append(Symbol(start: position, end: end, token: token(of: text, position..<end) ?? -1))
      position = end
    }
    merger.merge(PairRule(pairs: pairs), &check) { symbol in
      if symbol.token >= 0 {
        tokens.append(symbol.token)
      } else {
        fallback.spell(text[symbol.start..<symbol.end], into: &tokens)
      }
    }
  }

  /// The token with the text `text[range]`, if text may become it.
  func token(of text: [UInt8], _ range: Range<Int>) -> Token? {
    guard range.count <= longestToken, let token = vocabulary.token(of: text, range) else { return nil }
    return vocabulary.kind(of: token) == .byte || vocabulary.isMark(token) ? nil : token
  }
}
