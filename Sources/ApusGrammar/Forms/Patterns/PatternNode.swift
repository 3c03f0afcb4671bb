/// A regular expression as it was read: what is written, not yet what it means.
struct PatternNode: Sendable {
  let kind: Kind
  /// Whether there is a lookahead or lookbehind in it.
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
      case .look: true
      }
  }

  /// Whether it only says something of a place.
  var isAssertion: Bool {
    switch kind {
    case .start, .end, .look: true
    case .character, .sequence, .choice, .repetition: false
    }
  }
}
