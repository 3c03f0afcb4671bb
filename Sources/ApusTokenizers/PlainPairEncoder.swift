internal import ApusCore

/// Byte-pair encoding on characters (Gemma 4): spaces are written U+2581, and merges go across words.
///
/// A run of line breaks that is a token of its own is taken whole. Source: the models' own `tokenizer.json`.
struct PlainPairEncoder: TokenizerFamily {
  static let name = "gemma4"

  static let pretokenizers = ["gemma4", "granite-embed-multi-311m", "sarvam-moe"]

  private let pairs: CharacterPairs
  private let addsSpacePrefix: Bool

  static func defaults(for description: VocabularyDescription) -> VocabularyDefaults {
    // The first files of Gemma 4 say that no BOS is to be added; the model is of no use without it.
    let needsBOS = description.pretokenizer != "sarvam-moe"
    return VocabularyDefaults(addsBOS: needsBOS, alwaysAddsBOS: needsBOS)
  }

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    pairs = try CharacterPairs(vocabulary, family: Self.name)
    addsSpacePrefix = vocabulary.addsSpacePrefix
  }

  var gaps: [VocabularyGap] { pairs.gaps }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck
  ) {
    let escaped = SpaceMark.escaped(text, range, addsSpace: startsText && addsSpacePrefix)
    var merger = PairMerger()
    var start = 0
    while start < escaped.count, !check.isStopped {
      let isBreak = escaped[start] == 0x0A
      let limit = min(escaped.count, start + PairMerger.byteLimit)
      let end = endOfRun(of: isBreak ? .lineFeed : .notLineFeed, escaped.span, at: start, end: limit)
      check.advance(by: end - start)
      if isBreak, let token = pairs.token(of: escaped, start..<end) {
        tokens.append(token)
      } else {
        pairs.encode(escaped, start..<end, &merger, into: &tokens, &check)
      }
      start = end
    }
  }

  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    SpaceMark.appendPiece(text, kind, to: &bytes)
  }
}
