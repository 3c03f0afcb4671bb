internal import ApusCore

/// WordPiece (BERT): a text is cut into words, and each word into the longest token that starts it, the longest that
/// goes on, and so on; a word for which that fails is UNK.
///
/// Model files write U+2581 before the tokens that start a word, and nothing for BERT's `##` before those that go on.
/// Source: Devlin et al. 2019 (arXiv 1810.04805) and its `tokenization.py`.
struct WordPieceEncoder: TokenizerFamily {
  static let name = "bert"

  /// Longer words are UNK: BERT's `max_input_chars_per_word`.
  private static let characterLimit = 100

  private let prefixes: TokenPrefixes
  private let unknown: Token?
  private let words: BertWords
  let gaps: [VocabularyGap]

  static func defaults(for description: VocabularyDescription) -> VocabularyDefaults {
    let roles: [(SpecialToken, String)] = [
      (.beginningOfSequence, "[CLS]"), (.endOfSequence, "[SEP]"), (.separator, "[SEP]"), (.unknown, "[UNK]"),
      (.padding, "[PAD]"),
    ]
    var defaults = VocabularyDefaults(addsBOS: true, addsEOS: true, addsSpacePrefix: true)
    for (role, text) in roles {
      defaults.specialIDs[role] = (0..<description.texts.count).first {
        description.texts[$0].elementsEqual(text.utf8)
      }
    }
    return defaults
  }

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    let normal = vocabulary.tokens { $0 == .normal }
    let starts = normal.count { vocabulary.texts[Int($0)].starts(with: SpaceMark.utf8) }
    guard starts > 0 else { throw .missing("tokens that start a word (with U+2581)", family: Self.name) }
    prefixes = TokenPrefixes(vocabulary)
    unknown = vocabulary[.unknown]
    words = BertWords(vocabulary.normalization)
    gaps = (unknown == nil ? [.noUnknown] : []) + (starts == normal.count ? [.noWordParts] : [])
  }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck
  ) {
    var reader = words.reader(text, range)
    while !check.isStopped, let (word, characterCount) = reader.next() {
      check.advance(by: word.count)
      let count = tokens.count
      guard characterCount > Self.characterLimit || !appendPieces(of: word, to: &tokens) else { continue }
      tokens.removeSubrange(count...)
      if let unknown { tokens.append(unknown) }
    }
  }

  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    SpaceMark.appendPiece(text, kind == .byte ? .normal : kind, to: &bytes)
  }

  /// Appends the tokens of `word`, which begins with a space mark; false where the rest of it has none.
  private func appendPieces(of word: [UInt8], to tokens: inout [Token]) -> Bool {
    var position = 0
    while position < word.count {
      // Only the first token of a word may begin with a mark.
      if position > 0, SpaceMark.stands(in: word, at: position) { return false }
      var longest: (token: Token, end: Int)?
      prefixes.forEachMatch(in: word, at: position, end: word.count) { longest = ($0, $1) }
      guard let longest else { return false }
      tokens.append(longest.token)
      position = longest.end
    }
    return true
  }
}
