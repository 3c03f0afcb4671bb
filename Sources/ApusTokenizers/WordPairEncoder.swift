internal import ApusCore

/// Byte-pair encoding on the characters of words (Jina's Chinese embedding model): a text is brought to lower case and
/// cut into words and runs of punctuation, between which white space vanishes.
///
/// Source: the model's own `tokenizer.json`, whose pre-tokenizer is Hugging Face's `Whitespace`: `\w+|[^\w\s]+`.
struct WordPairEncoder: TokenizerFamily {
  static let name = "whitespace"

  static let pretokenizers = ["whitespace"]

  private static let words = Pretokenizer(
    names: pretokenizers, rules: [Alternation([ClassRun(.word), ClassRun(.betweenWords)])])

  private let pairs: CharacterPairs
  private let lowercases: Bool

  static func defaults(for description: VocabularyDescription) -> VocabularyDefaults {
    VocabularyDefaults(addsBOS: true, addsEOS: true, addsSeparator: true)
  }

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    pairs = try CharacterPairs(vocabulary, family: Self.name)
    lowercases = vocabulary.normalization.lowercases ?? true
  }

  var gaps: [VocabularyGap] { pairs.gaps }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck
  ) {
    let text = lowercases ? lowercased(text, range, &check) : Array(text[range])
    if check.isStopped { return }
    var merger = PairMerger()
    var start = 0
    for end in Self.words.ends(of: text.span, text.indices) {
      let word = start..<end
      start = end
      check.advance(by: word.count)
      if check.isStopped { return }
      if CharacterClass(scalar(in: text.span, at: word.lowerBound, end: end).value) == .space { continue }
      for part in PairMerger.parts(of: word) { pairs.encode(text, part, &merger, into: &tokens, &check) }
    }
  }

  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: text)
  }

  /// `text[range]` in lower case; the start of it where `check` says to stop.
  private func lowercased(_ text: [UInt8], _ range: Range<Int>, _ check: inout StopCheck) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound, !check.isStopped {
      let (value, byteCount) = scalar(in: text.span, at: position, end: range.upperBound)
      if (0x41...0x5A).contains(value) {
        result.append(text[position] | 0x20)
      } else if value >= 0x80, value != 0xFFFD, let scalar = Unicode.Scalar(value) {
        result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
      } else {
        result.append(contentsOf: text[position..<position + byteCount])
      }
      position += byteCount
      check.advance(by: byteCount)
    }
    return result
  }
}
