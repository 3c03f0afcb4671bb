internal import ApusCore

/// Some tokens of a vocabulary: a list where they are few, else one bit for each token.
struct TokenSet {
  /// The tokens, each once; empty where there are bits.
  private let list: [Token]
  /// 64 tokens a word, the lowest token lowest; empty where there is a list.
  private let bits: [UInt64]

  private init(list: [Token]) { (self.list, bits) = (list, []) }
  private init(bits: [UInt64]) { (list, self.bits) = ([], bits) }

  /// No tokens.
  init() { self.init(list: []) }

  /// The set of `tokens`, each once, of a vocabulary of this size.
  init(_ tokens: [Token], vocabularySize: Int) {
    let words = (vocabularySize + 63) / 64
    guard tokens.count > words else {
      self.init(list: tokens)
      return
    }
    var bits = Array(repeating: UInt64(0), count: words)
    for token in tokens { bits[Int(token) >> 6] |= 1 << UInt64(token & 63) }
    self.init(bits: bits)
  }

  private static func has(_ bits: [UInt64], _ token: Token) -> Bool {
    bits[Int(token) >> 6] >> UInt64(token & 63) & 1 == 1
  }

  /// Its tokens that are in `others`, which has a bit for each token.
  func intersection(_ others: [UInt64]) -> TokenSet {
    if bits.isEmpty { return TokenSet(list: list.filter { Self.has(others, $0) }) }
    return TokenSet(bits: bits.indices.map { bits[$0] & others[$0] })
  }

  /// Its tokens and others.
  func union(_ tokens: [Token]) -> TokenSet {
    if bits.isEmpty { return TokenSet(list: list + tokens) }
    var words = bits
    for token in tokens { words[Int(token) >> 6] |= 1 << UInt64(token & 63) }
    return TokenSet(bits: words)
  }

  /// Its tokens without others.
  func subtracting(_ tokens: [Token]) -> TokenSet {
    if bits.isEmpty {
      let others = Set(tokens)
      return TokenSet(list: list.filter { !others.contains($0) })
    }
    var words = bits
    for token in tokens { words[Int(token) >> 6] &= ~(1 << UInt64(token & 63)) }
    return TokenSet(bits: words)
  }

  var byteCount: Int { list.count * 4 + bits.count * 8 + 64 }

  /// Allows its tokens too.
  func add(to mask: inout TokenMask) {
    for token in list { mask[token] = true }
    if !bits.isEmpty { mask.formUnion(bits) }
  }
}
