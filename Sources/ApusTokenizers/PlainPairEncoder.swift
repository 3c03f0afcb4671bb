/// Byte-pair encoding on characters instead of bytes (Gemma 4): spaces are written U+2581, merges go across words, and a
/// character that is no token is spelled in byte tokens.
///
/// A run of line breaks that is a token of its own is taken whole. Source: the models' own `tokenizer.json`.
struct PlainPairEncoder: TokenizerFamily {
  static let name = "gemma4"

  /// The pre-tokenizers of byte-level vocabularies (`tokenizer.ggml.pre`) that mean this family instead.
  static let pretokenizers = ["gemma4", "granite-embed-multi-311m", "sarvam-moe"]

  private let vocabulary: Vocabulary
  private let pairs: PairTable
  private let fallback: ByteFallback
  private let longestToken: Int
  let gaps: [VocabularyGap]

  static func defaults(for description: VocabularyDescription) -> VocabularyDefaults {
    // The first files of Gemma 4 say that no BOS is to be added; the model is of no use without it.
    let needsBOS = description.pretokenizer != "sarvam-moe"
    return VocabularyDefaults(addsBOS: needsBOS, alwaysAddsBOS: needsBOS)
  }

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    guard vocabulary.merges.count > 0 else { throw .missing("merges", family: Self.name) }
    let unusable: Int
    (pairs, unusable) = pairTable(of: vocabulary)
    gaps = unusable > 0 ? [.merges(unusable: unusable)] : []
    fallback = try ByteFallback(vocabulary)
    longestToken = (0..<vocabulary.count).reduce(0) { max($0, vocabulary.texts.range($1).count) }
    self.vocabulary = vocabulary.withoutMerges()
  }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck
  ) {
    let escaped = SpaceMark.escaped(text, range, addsSpace: startsText && vocabulary.addsSpacePrefix)
    var merger = PairMerger()
    var start = 0
    while start < escaped.count, !check.isStopped {
      let isBreak = escaped[start] == 0x0A
      let limit = min(escaped.count, start + PairMerger.byteLimit)
      let end = endOfRun(of: isBreak ? .lineFeed : .notLineFeed, escaped.span, at: start, end: limit)
      check.advance(by: end - start)
      if isBreak, let token = usable(escaped, start..<end) {
        tokens.append(token)
      } else {
        merge(escaped, start..<end, &merger, into: &tokens, &check)
      }
      start = end
    }
  }

  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    SpaceMark.appendPiece(text, kind, to: &bytes)
  }

  private func merge(
    _ text: [UInt8], _ line: Range<Int>, _ merger: inout PairMerger, into tokens: inout [Token],
    _ check: inout StopCheck
  ) {
    var position = line.lowerBound
    while position < line.upperBound {
      let end = position + scalar(in: text.span, at: position, end: line.upperBound).byteCount
      merger.append(Symbol(start: position, end: end, token: usable(text, position..<end) ?? -1))
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
  private func usable(_ text: [UInt8], _ range: Range<Int>) -> Token? {
    guard range.count <= longestToken, let token = vocabulary.token(of: text, range) else { return nil }
    return vocabulary.kind(of: token) == .byte || vocabulary.isMark(token) ? nil : token
  }
}
