/// The number of a schema in a `SchemaStore`.
struct SchemaID: Hashable, Comparable {
  let index: Int

  /// The schema that every value fits.
  static let anything = SchemaID(index: 0)

  static func < (a: SchemaID, b: SchemaID) -> Bool { a.index < b.index }
}

/// A schema, or its negation.
struct Literal: Hashable, Comparable {
  let schema: SchemaID
  let holds: Bool

  var negated: Literal { Literal(schema: schema, holds: !holds) }

  static func < (a: Literal, b: Literal) -> Bool {
    a.schema == b.schema ? a.holds && !b.holds : a.schema < b.schema
  }
}

/// What a value must fit: all of some schemas and none of others.
struct Condition: Hashable {
  /// In order, each once; empty where any value will do.
  let literals: [Literal]

  /// Any value.
  static let always = Condition(literals: [])
  /// No value.
  static let never = Condition(literals: [Literal(schema: .anything, holds: false)])

  private init(literals: [Literal]) { self.literals = literals }

  init(_ schema: SchemaID) { self.init([Literal(schema: schema, holds: true)]) }

  init(_ all: some Sequence<Literal>) {
    let needed = Set(all).filter { $0 != Literal(schema: .anything, holds: true) }
    let contradicts = needed.contains { $0.schema == .anything || ($0.holds && needed.contains($0.negated)) }
    self = contradicts ? .never : Condition(literals: needed.sorted())
  }

  func and(_ other: Condition) -> Condition {
    if literals.isEmpty || self == other { return other }
    if other.literals.isEmpty || self == .never { return self }
    if other == .never { return other }
    var both: [Literal] = []
    var (left, right) = (literals[...], other.literals[...])
    while let a = left.first, let b = right.first {
      // A schema and its negation are neighbours in this order.
      if a.schema == b.schema, a.holds != b.holds { return .never }
      both.append(min(a, b))
      if a <= b { left.removeFirst() }
      if b <= a { right.removeFirst() }
    }
    return Condition(literals: both + left + right)
  }
}
