internal import ApusCore

/// Finds the tokens that start at a place of a text, from the shortest to the longest.
///
/// Two bits for each prefix of a token, at a place that its hash says, tell whether some token goes on and whether one
/// ends there; what they say yes to is looked up. At least four pairs of bits for each byte of the tokens keep wrong
/// yeses rare. Made in milliseconds for 250,000 tokens, where a tree takes many times that. The hash is seeded anew, as
/// in `TextIndex`: no result depends on it.
struct TokenPrefixes: Sendable {
  /// Longer tokens are never found: no vocabulary has them, and the work at each place has a bound.
  static let byteLimit = 256

  /// 32 pairs of bits a word: the lower one of a pair for prefixes, the upper one for whole tokens.
  private var words: [UInt64]
  private let mask: Int
  private let seed = UInt64.random(in: .min ... .max)
  private let vocabulary: Vocabulary

  /// The normal tokens of `vocabulary`; of equal texts the first counts, empty ones never.
  init(_ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary.withoutMerges()
    var wordCount = 16
    while wordCount * 8 < vocabulary.texts.bytes.count { wordCount *= 2 }
    words = [UInt64](repeating: 0, count: wordCount)
    mask = wordCount - 1
    let bytes = vocabulary.texts.bytes
    for token in vocabulary.tokens(where: { $0 == .normal }) {
      let range = vocabulary.texts.range(Int(token))
      guard !range.isEmpty, range.count <= Self.byteLimit else { continue }
      var hash = seed
      for position in range {
        hash = mix(hash ^ UInt64(bytes[position]))
        words[word(of: hash)] |= 1 << shift(of: hash)
      }
      words[word(of: hash)] |= 2 << shift(of: hash)
    }
  }

  /// Calls `body` with each token that starts at `start` in `text`, and where it ends, from the shortest to the
  /// longest.
  @inline(__always)
  func forEachMatch(in text: [UInt8], at start: Int, end: Int, _ body: (_ token: Token, _ end: Int) -> Void) {
    var hash = seed
    for position in start..<min(end, start + Self.byteLimit) {
      hash = mix(hash ^ UInt64(text[position]))
      let bits = words[word(of: hash)] >> shift(of: hash)
      if bits & 1 == 0 { return }
      if bits & 2 != 0, let token = token(of: text, start..<position + 1) { body(token, position + 1) }
    }
  }

  /// The token that is `text[range]`.
  func token(of text: [UInt8], _ range: Range<Int>) -> Token? {
    vocabulary.token(of: text, range).flatMap { vocabulary.kind(of: $0) == .normal ? $0 : nil }
  }

  private func word(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 5) & mask }

  private func shift(of hash: UInt64) -> UInt64 { (hash & 31) << 1 }
}
