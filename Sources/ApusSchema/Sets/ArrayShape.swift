/// Arrays, by what holds of each item and how many items fit something.
struct ArrayShape: Hashable {
  /// Each holds of every item at its positions.
  var rules: [ItemRule] = []
  var counts: [ItemCount] = []
  var minimumCount = 0
  var maximumCount: Int?
  /// Whether no two items are equal.
  var isUnique = false

  /// Items at some positions, and what they fit.
  struct ItemRule: Hashable {
    let positions: Positions
    let condition: Condition
  }

  /// Positions from `first` on, up to but without `end`, if there is one.
  struct Positions: Hashable {
    var first = 0
    var end: Int?

    func contains(_ position: Int) -> Bool { position >= first && end.map { position < $0 } ?? true }
  }

  /// How many items any of the rules holds of.
  struct ItemCount: Hashable {
    let rules: [ItemRule]
    var atLeast = 1
    var atMost: Int?
  }

  /// What fits both; nil where that is nothing, plainly.
  func intersection(_ other: ArrayShape) -> ArrayShape? {
    var both = self
    both.rules = merged(rules, other.rules)
    both.counts = merged(counts, other.counts)
    both.minimumCount = max(minimumCount, other.minimumCount)
    both.maximumCount = smaller(maximumCount, other.maximumCount)
    both.isUnique = isUnique || other.isUnique
    if let most = both.maximumCount, most < both.minimumCount { return nil }
    return both
  }
}
