/// Which JSON values fit: for each type of value, which of that type.
///
/// Equal sets may be written in several ways; two that are equal as Swift values are the same set.
struct ValueSet: Hashable {
  var null = false
  var booleans: Booleans = []
  var numbers = NumberSet.none
  var strings = StringSet.none
  /// What fits any of them.
  var arrays: [ArrayShape] = []
  /// What fits any of them.
  var objects: [ObjectShape] = []

  struct Booleans: OptionSet, Hashable {
    let rawValue: UInt8
    static let yes = Booleans(rawValue: 1)
    static let no = Booleans(rawValue: 2)
    static let all: Booleans = [.yes, .no]
  }

  static let none = ValueSet()
  static let all = ValueSet(
    null: true, booleans: .all, numbers: .all, strings: .all, arrays: [ArrayShape()], objects: [ObjectShape()])

}

/// Why a set cannot be computed with.
struct NotComputable: Error {
  var reason =
    "it has too many alternatives: write fewer, or alternatives that exclude each other by a constant property"
}

extension ValueSet {
  /// The most alternatives that the arrays, objects or strings of one schema may have.
  static let alternativeLimit = 512

  func union(_ other: ValueSet) throws(NotComputable) -> ValueSet {
    ValueSet(
      null: null || other.null, booleans: booleans.union(other.booleans), numbers: numbers.union(other.numbers),
      strings: try strings.union(other.strings), arrays: try Self.distinct(arrays + other.arrays, all: ArrayShape()),
      objects: try Self.distinct(objects + other.objects, all: ObjectShape()))
  }

  func intersection(_ other: ValueSet, _ texts: TextLanguages) throws(NotComputable) -> ValueSet {
    var arrays: [ArrayShape] = []
    var objects: [ObjectShape] = []
    for a in self.arrays {
      for b in other.arrays { if let both = a.intersection(b) { arrays.append(both) } }
      guard arrays.count <= Self.alternativeLimit else { throw NotComputable() }
    }
    for a in self.objects {
      for b in other.objects { if let both = a.intersection(b) { objects.append(both) } }
      guard objects.count <= Self.alternativeLimit else { throw NotComputable() }
    }
    return ValueSet(
      null: null && other.null, booleans: booleans.intersection(other.booleans),
      numbers: try numbers.intersection(other.numbers), strings: try strings.intersection(other.strings, texts),
      arrays: try Self.distinct(arrays, all: ArrayShape()), objects: try Self.distinct(objects, all: ObjectShape()))
  }

  private static func distinct<Shape: Hashable>(_ shapes: [Shape], all: Shape) throws(NotComputable) -> [Shape] {
    if shapes.count < 2 { return shapes }
    var seen = Set<Shape>(minimumCapacity: shapes.count)
    let different = shapes.filter { seen.insert($0).inserted }
    if seen.contains(all) { return [all] }
    guard different.count <= alternativeLimit else { throw NotComputable() }
    return different
  }
}
