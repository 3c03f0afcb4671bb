internal import ApusCore

/// Some tokens of a vocabulary: a list where they are few, else one bit for each token.
enum TokenSet {
  case list([Token])
  case bits([UInt64])

  /// The set of `tokens`, each once, of a vocabulary of this size.
  init(_ tokens: [Token], vocabularySize: Int) {
    let words = (vocabularySize + 63) / 64
    guard tokens.count > words else {
      self = .list(tokens)
      return
    }
    var bits = Array(repeating: UInt64(0), count: words)
    for token in tokens { bits[Int(token) >> 6] |= 1 << UInt64(token & 63) }
    self = .bits(bits)
  }

  /// Its tokens that are in `bits`.
  func intersection(_ bits: [UInt64]) -> TokenSet {
    switch self {
    case .list(let tokens): .list(tokens.filter { bits[Int($0) >> 6] >> UInt64($0 & 63) & 1 == 1 })
    case .bits(let words): .bits(words.indices.map { words[$0] & bits[$0] })
    }
  }

  /// Its tokens and others.
  func union(_ tokens: [Token]) -> TokenSet {
    switch self {
    case .list(let own): return .list(own + tokens)
    case .bits(var words):
      for token in tokens { words[Int(token) >> 6] |= 1 << UInt64(token & 63) }
      return .bits(words)
    }
  }

  /// Its tokens without others.
  func subtracting(_ tokens: [Token]) -> TokenSet {
    switch self {
    case .list(let own):
      let others = Set(tokens)
      return .list(own.filter { !others.contains($0) })
    case .bits(var words):
      for token in tokens { words[Int(token) >> 6] &= ~(1 << UInt64(token & 63)) }
      return .bits(words)
    }
  }

  var byteCount: Int {
    switch self {
    case .list(let tokens): tokens.count * 4 + 48
    case .bits(let words): words.count * 8 + 48
    }
  }

  /// Allows its tokens too.
  func add(to mask: inout TokenMask) {
    switch self {
    case .list(let tokens): for token in tokens { mask[token] = true }
    case .bits(let words): mask.formUnion(words)
    }
  }
}
