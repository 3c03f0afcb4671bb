/// A set of numbers: of whole numbers and others, in intervals, and what they are multiples of.
struct NumberSet: Hashable {
  /// What is in any of them.
  private(set) var pieces: [Piece]

  /// Numbers that keep to all of this.
  struct Piece: Hashable {
    /// Where its whole numbers are.
    var integers: NumberIntervals
    /// Where its other numbers are.
    var fractions: NumberIntervals
    /// What all are multiples of.
    var multiples: [DecimalNumber] = []
    /// What none is a multiple of.
    var notMultiples: [DecimalNumber] = []

    var isPlain: Bool { multiples.isEmpty && notMultiples.isEmpty }

    var isEmpty: Bool {
      !integers.mayHaveInteger && fractions.isEmpty || multiples.contains(where: notMultiples.contains)
    }
  }

  static let none = NumberSet(pieces: [])
  static let all = NumberSet(integers: .all, fractions: .all)
  static let integers = NumberSet(integers: .all, fractions: .none)

  private init(pieces: [Piece]) { self.pieces = pieces.filter { !$0.isEmpty } }

  init(integers: NumberIntervals, fractions: NumberIntervals) {
    self.init(pieces: [Piece(integers: integers, fractions: fractions)])
  }

  /// The numbers of one interval.
  init(_ interval: NumberIntervals.Interval) {
    let intervals = NumberIntervals(interval)
    self.init(integers: intervals, fractions: intervals)
  }

  /// Single numbers.
  init(_ values: [DecimalNumber]) {
    self.init(
      integers: NumberIntervals(values.filter(\.isInteger)), fractions: NumberIntervals(values.filter { !$0.isInteger })
    )
  }

  /// The multiples of a number above 0.
  init(multiplesOf divisor: DecimalNumber) {
    if divisor == DecimalNumber(digits: [1], exponent: 1) {
      self = .integers
    } else {
      self.init(pieces: [
        Piece(integers: .all, fractions: divisor.isInteger ? .none : .all, multiples: [divisor])
      ])
    }
  }

  var isEmpty: Bool { pieces.isEmpty }

  func union(_ other: NumberSet) -> NumberSet {
    if isEmpty { return other }
    if other.isEmpty || self == other { return self }
    var plain = Piece(integers: .none, fractions: .none)
    var others: [Piece] = []
    for piece in pieces + other.pieces {
      if piece.isPlain {
        plain.integers = plain.integers.union(piece.integers)
        plain.fractions = plain.fractions.union(piece.fractions)
      } else if !others.contains(piece) {
        others.append(piece)
      }
    }
    return NumberSet(pieces: [plain] + others)
  }

  func intersection(_ other: NumberSet) throws(NotComputable) -> NumberSet {
    if self == .all || self == other { return other }
    if other == .all { return self }
    var both = NumberSet.none
    for a in pieces {
      for b in other.pieces {
        both = both.union(
          NumberSet(pieces: [
            Piece(
              integers: a.integers.intersection(b.integers), fractions: a.fractions.intersection(b.fractions),
              multiples: merged(a.multiples, b.multiples), notMultiples: merged(a.notMultiples, b.notMultiples))
          ]))
      }
      guard both.pieces.count <= 64 else { throw NotComputable() }
    }
    return both
  }

  private func merged(_ a: [DecimalNumber], _ b: [DecimalNumber]) -> [DecimalNumber] {
    b.isEmpty ? a : Set(a + b).sorted()
  }

  func complement() throws(NotComputable) -> NumberSet {
    var rest = NumberSet.all
    for piece in pieces {
      var outside = NumberSet(integers: piece.integers.complement, fractions: piece.fractions.complement)
      for divisor in piece.multiples {
        outside = outside.union(
          NumberSet(pieces: [Piece(integers: .all, fractions: .all, notMultiples: [divisor])]))
      }
      for divisor in piece.notMultiples { outside = outside.union(NumberSet(multiplesOf: divisor)) }
      rest = try rest.intersection(outside)
    }
    return rest
  }
}
