/// A regular expression as it was read: what is written, not yet what it means.
struct PatternNode: Sendable {
  let kind: Kind
  /// Whether there is a lookahead, a lookbehind or a word boundary in it.
  let hasLook: Bool

  indirect enum Kind: Sendable {
    /// One character of the set.
    case character(ScalarSet)
    case sequence([PatternNode])
    case choice([PatternNode])
    case repetition(PatternNode, atLeast: Int, atMost: Int?)
    /// `^`: nothing is before.
    case start
    /// `$`: nothing follows.
    case end
    /// `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`.
    case look(Look, PatternNode)
    /// `\b`, `\B`: on one side of it is a word's character, or on both or none.
    case wordBoundary(isNegative: Bool)
  }

  struct Look: Sendable {
    let isBehind: Bool
    let isNegative: Bool
  }

  init(_ kind: Kind) {
    self.kind = kind
    hasLook =
      switch kind {
      case .character, .start, .end: false
      case .sequence(let parts), .choice(let parts): parts.contains(where: \.hasLook)
      case .repetition(let part, _, _): part.hasLook
      case .look, .wordBoundary: true
      }
  }

  /// Whether it only says something of a place.
  var isAssertion: Bool {
    switch kind {
    case .start, .end, .look, .wordBoundary: true
    case .character, .sequence, .choice, .repetition: false
    }
  }
}
