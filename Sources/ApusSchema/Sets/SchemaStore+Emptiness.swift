// What is plainly empty: found out as far as a few levels of values tell.

extension SchemaStore {
  private static let lookAhead = 4

  /// Whether no value can be in both, as far as that is plain.
  func areDisjoint(_ a: ValueSet, _ b: ValueSet) -> Bool {
    guard canSpend(4 + 8 * a.objects.count * b.objects.count + a.arrays.count * b.arrays.count),
      let both = try? a.intersection(b, texts)
    else { return false }
    return isEmpty(both, depth: 0)
  }

  /// A set without those arrays and objects that cannot exist.
  func withoutEmptyParts(_ set: ValueSet) throws(SchemaError) -> ValueSet {
    guard set.arrays.count + set.objects.count > 1 else { return set }
    var rest = set
    rest.arrays.removeAll { isEmpty($0, depth: 0) }
    rest.objects.removeAll { isEmpty($0, depth: 0) }
    return rest
  }

  private func isEmpty(_ set: ValueSet, depth: Int) -> Bool {
    !set.null && set.booleans.isEmpty && set.numbers.isEmpty && set.strings.isEmpty
      && set.arrays.allSatisfy { isEmpty($0, depth: depth) } && set.objects.allSatisfy { isEmpty($0, depth: depth) }
  }

  /// Whether no value can fit a condition, as far as that is plain.
  func isEmpty(_ condition: Condition, depth: Int) -> Bool {
    if condition == .never { return true }
    if condition == .always || depth >= Self.lookAhead || !canSpend(1) { return false }
    if let known = emptiness[condition], known.isEmpty || known.depth <= depth { return known.isEmpty }
    // Until it is known it counts as not empty: schemas may refer to themselves.
    emptiness[condition] = Emptiness(isEmpty: false, depth: depth)
    guard let set = try? expand(condition) else { return false }
    let result = isEmpty(set, depth: depth + 1)
    emptiness[condition] = Emptiness(isEmpty: result, depth: depth)
    return result
  }

  private func isEmpty(_ shape: ArrayShape, depth: Int) -> Bool {
    guard canSpend(shape.rules.count), shape.rules.count < 100 else { return false }
    for rule in shape.rules where rule.positions.first < shape.minimumCount {
      let position = rule.positions.first
      let all = shape.rules.filter { $0.positions.contains(position) }
      if isEmpty(all.reduce(Condition.always) { $0.and($1.condition) }, depth: depth) { return true }
    }
    return false
  }

  private func isEmpty(_ shape: ObjectShape, depth: Int) -> Bool {
    if let most = shape.maximumCount, most < shape.minimumCount { return true }
    for demand in shape.demands {
      guard canSpend(shape.rules.count) else { return false }
      guard demand.count == 1, let key = demand[0].keys.listed, key.count == 1 else { continue }
      var condition = demand[0].condition
      for rule in shape.rules where rule.keys.contains(key[0], texts) { condition = condition.and(rule.condition) }
      if isEmpty(condition, depth: depth) { return true }
    }
    return false
  }
}
