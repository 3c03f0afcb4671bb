/// How SentencePiece rewrites a text before it is cut into tokens of a unigram vocabulary.
struct UnigramNormalizer: Sendable {
  private let map: CharacterMap?
  /// Whether spaces at the ends go, and of several together one stays.
  private let removesExtraSpaces: Bool

  /// How much longer a text may become: no character's compatibility form is longer than 11 times itself (U+FDFA).
  private static let growth = 12

  init(_ normalization: TextNormalization) throws(TokenizerError) {
    map = normalization.characterMap.isEmpty ? nil : try CharacterMap(normalization.characterMap)
    removesExtraSpaces = normalization.removesExtraSpaces
  }

  /// `text[range]` with other characters and with marks for spaces; one mark comes first where `addsSpace` says so.
  ///
  /// A byte that is no UTF-8 becomes U+FFFD. A text that the map has made much longer is rewritten no further.
  func normalized(_ text: [UInt8], _ range: Range<Int>, addsSpace: Bool, _ check: inout StopCheck) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(range.count + range.count / 2 + 3)
    if addsSpace { result.append(contentsOf: SpaceMark.utf8) }
    let start = result.count
    var pendsSpace = false
    func append(_ byte: UInt8) {
      if byte == 0x20 && removesExtraSpaces {
        pendsSpace = result.count > start
      } else if byte == 0x20 {
        result.append(contentsOf: SpaceMark.utf8)
      } else {
        if pendsSpace { result.append(contentsOf: SpaceMark.utf8) }
        pendsSpace = false
        result.append(byte)
      }
    }
    let limit = Self.growth * (range.count + 64)
    var position = range.lowerBound
    while position < range.upperBound, !check.isStopped {
      if let map, result.count < limit, let match = map.match(in: text, at: position, end: range.upperBound) {
        for byte in map.replacements[match.replacement] { append(byte) }
        position += match.byteCount
        check.advance(by: match.replacement.count)
      } else {
        let (value, byteCount) = scalar(in: text.span, at: position, end: range.upperBound)
        if value == 0xFFFD {
          for byte in [0xEF, 0xBF, 0xBD] as [UInt8] { append(byte) }
        } else {
          for byte in text[position..<position + byteCount] { append(byte) }
        }
        position += byteCount
      }
      check.advance(by: 1)
    }
    return removesExtraSpaces && result.count == start ? [] : result
  }
}
