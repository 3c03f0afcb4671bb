/// One bit per token of the vocabulary: which tokens may come next.
package struct TokenMask: Sendable, Equatable {
  /// Number of tokens.
  package let vocabularySize: Int
  /// The bits, 64 tokens a word, lowest token lowest; bits past the vocabulary are 0.
  package private(set) var words: [UInt64]

  /// A mask that allows every token, or none.
  package init(vocabularySize: Int, allowingAll: Bool) {
    precondition(vocabularySize >= 0, "a vocabulary cannot have a negative size")
    self.vocabularySize = vocabularySize
    words = Array(repeating: allowingAll ? .max : 0, count: (vocabularySize + 63) / 64)
    if allowingAll, !vocabularySize.isMultiple(of: 64) {
      words[words.count - 1] = (1 << UInt64(vocabularySize % 64)) - 1
    }
  }

  /// Whether `token` is allowed; a token outside the vocabulary is not, and stays so.
  package subscript(token: Token) -> Bool {
    get {
      guard token >= 0, token < vocabularySize else { return false }
      return words[Int(token) / 64] >> UInt64(token % 64) & 1 == 1
    }
    set {
      guard token >= 0, token < vocabularySize else { return }
      let bit = UInt64(1) << UInt64(token % 64)
      if newValue { words[Int(token) / 64] |= bit } else { words[Int(token) / 64] &= ~bit }
    }
  }

  /// Whether no token is allowed.
  package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  /// Allows no token.
  package mutating func removeAll() {
    for index in words.indices { words[index] = 0 }
  }

  /// Allows the tokens of `bits` too, which are as `words`.
  package mutating func formUnion(_ bits: [UInt64]) {
    precondition(bits.count == words.count, "bits of another vocabulary")
    for index in words.indices { words[index] |= bits[index] }
  }

  /// Allows of its tokens those of `bits` only, which are as `words`.
  package mutating func formIntersection(_ bits: [UInt64]) {
    precondition(bits.count == words.count, "bits of another vocabulary")
    for index in words.indices { words[index] &= bits[index] }
  }
}
