/// Cuts a text into BERT's words: at white space, around punctuation and around each Chinese character; without control
/// characters, and where the model says so without accents and in lower case.
///
/// Source: BERT's `tokenization.py` (`BasicTokenizer`).
struct BertWords: Sendable {
  private let lowercases: Bool
  private let stripsAccents: Bool

  init(_ normalization: TextNormalization) {
    lowercases = normalization.lowercases ?? true
    stripsAccents = normalization.stripsAccents ?? lowercases
  }

  /// The words of `text[range]`.
  func reader(_ text: [UInt8], _ range: Range<Int>) -> Reader { Reader(self, text, range) }

  struct Reader {
    private let rules: BertWords
    private let text: [UInt8]
    private let end: Int
    private var position: Int
    /// Characters that were read and stand in no word yet: those that one character of the text became.
    private var pending: [Unicode.Scalar] = []

    fileprivate init(_ rules: BertWords, _ text: [UInt8], _ range: Range<Int>) {
      self.rules = rules
      self.text = text
      position = range.lowerBound
      end = range.upperBound
    }

    /// The next word in UTF-8 behind a space mark, and how many characters it has; nil at the end.
    mutating func next() -> (word: [UInt8], characterCount: Int)? {
      var word = SpaceMark.utf8
      var count = 0
      while let scalar = nextScalar() {
        let isSpace = scalar.properties.isWhitespace
        if isSpace && count == 0 { continue }
        if isSpace { return (word, count) }
        let isAlone = BertWords.standsAlone(scalar)
        if isAlone && count > 0 {
          pending.insert(scalar, at: 0)
          return (word, count)
        }
        word.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        count += 1
        if isAlone { return (word, count) }
      }
      return count > 0 ? (word, count) : nil
    }

    private mutating func nextScalar() -> Unicode.Scalar? {
      while pending.isEmpty {
        guard position < end else { return nil }
        let (value, byteCount) = scalar(in: text.span, at: position, end: end)
        position += byteCount
        guard let scalar = Unicode.Scalar(value), !BertWords.isDropped(scalar) else { continue }
        rules.normalize(scalar, into: &pending)
      }
      return pending.removeFirst()
    }
  }

  /// Appends what stands for `scalar`.
  private func normalize(_ scalar: Unicode.Scalar, into result: inout [Unicode.Scalar]) {
    let start = result.count
    if stripsAccents {
      CanonicalDecomposition.appendBases(of: scalar, to: &result)
    } else {
      result.append(scalar)
    }
    guard lowercases else { return }
    for index in (start..<result.count).reversed() {
      if result[index].isASCII {
        if (0x41...0x5A).contains(result[index].value) { result[index] = Unicode.Scalar(UInt8(result[index].value | 0x20)) }
      } else {
        result.replaceSubrange(index...index, with: result[index].properties.lowercaseMapping.unicodeScalars)
      }
    }
  }

  /// Whether `scalar` is nothing to BERT: a control or format character, one for private use, or U+FFFD.
  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D: return false
    case 0x20..<0x7F: return false
    case 0xFFFD: return true
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .surrogate: return true
    default: return false
    }
  }

  /// Whether `scalar` is a word of its own: punctuation, all visible ASCII characters but letters and digits, and the
  /// characters of the blocks of Chinese.
  private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00..<0x80: return CharacterSet.asciiPunctuation.contains(scalar.value)
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF,
      0xF900...0xFAFF, 0x2F800...0x2FA1F:
      return true
    default: return CharacterClass(scalar.value) == .punctuation
    }
  }
}
