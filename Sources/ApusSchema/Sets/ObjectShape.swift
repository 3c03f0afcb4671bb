/// Objects, by what holds of each property and of some.
struct ObjectShape: Hashable {
  /// Each holds of every property.
  var rules: [PropertyRule] = []
  /// Of each list at least one holds of some property: its key is among the keys and its value fits.
  var demands: [[PropertyRule]] = []
  var minimumCount = 0
  var maximumCount: Int?

  /// Properties whose keys are among `keys`, and what their values fit.
  struct PropertyRule: Hashable {
    let keys: StringSet
    let condition: Condition
  }

  /// What fits both; nil where that is nothing, plainly.
  func intersection(_ other: ObjectShape) -> ObjectShape? {
    var both = self
    both.rules = merged(rules, other.rules)
    both.demands = merged(demands, other.demands)
    both.minimumCount = max(minimumCount, other.minimumCount)
    both.maximumCount = smaller(maximumCount, other.maximumCount)
    if let most = both.maximumCount, most < both.minimumCount { return nil }
    return both
  }

  /// Objects that have the property `key`.
  static func having(_ key: [UInt8]) -> ObjectShape {
    ObjectShape(demands: [[PropertyRule(keys: .init([key]), condition: .always)]])
  }
}

/// What is in a list, and behind that what is only in another.
func merged<Element: Hashable>(_ list: [Element], _ others: [Element]) -> [Element] {
  if others.isEmpty || list == others { return list }
  if list.isEmpty { return others }
  let known = Set(list)
  return list + others.filter { !known.contains($0) }
}

/// The smaller one; nil is without end.
func smaller(_ a: Int?, _ b: Int?) -> Int? {
  if let a, let b { min(a, b) } else { a ?? b }
}
