// What conditions stand for, computed when it is asked for and kept.

extension SchemaStore {
  func expand(_ condition: Condition) throws(SchemaError) -> ValueSet {
    switch condition.literals.count {
    case 0: return .all
    case 1: return try expand(condition.literals[0])
    default: break
    }
    if let known = conditionSets[condition] { return known }
    var set = try expand(condition.literals[0])
    for literal in condition.literals.dropFirst() {
      let other = try expand(literal)
      set = try kept(literal, "allOf") { () throws(NotComputable) in try set.intersection(other, texts) }
    }
    conditionSets[condition] = set
    return set
  }

  func kept<Result>(
    _ literal: Literal, _ keyword: String, _ compute: () throws(NotComputable) -> Result
  ) throws(SchemaError) -> Result {
    try spend(1, at: place(of: literal.schema))
    do { return try compute() } catch {
      throw place(of: literal.schema).at(keyword).error("cannot be kept: \(error.reason)")
    }
  }

  private func expand(_ literal: Literal) throws(SchemaError) -> ValueSet {
    if let known = literalSets[literal] { return known }
    try spend(10, at: place(of: literal.schema))
    let node = node(literal.schema)
    guard pending.insert(literal).inserted, expansionDepth < 4 * Self.depthLimit else {
      throw place(of: literal.schema).error("refers to itself, directly or through many schemas, for the same value")
    }
    expansionDepth += 1
    defer {
      expansionDepth -= 1
      pending.remove(literal)
    }
    var set: ValueSet
    if literal.holds {
      set = node.own
      for applicator in node.applicators {
        let other = try expand(applicator, of: literal)
        set = try kept(literal, applicator.keyword) { () throws(NotComputable) in try set.intersection(other, texts) }
      }
    } else {
      set = node.own == .all ? .none : try complement(node.own, of: literal)
      for applicator in node.applicators {
        let other = try expandNegated(applicator, of: literal)
        set = try kept(literal, applicator.keyword) { () throws(NotComputable) in try set.union(other) }
      }
    }
    set = try withoutEmptyParts(set)
    literalSets[literal] = set
    return set
  }

  private func expand(_ applicator: SchemaNode.Applicator, of literal: Literal) throws(SchemaError) -> ValueSet {
    switch applicator {
    case .all(let parts): return try intersection(parts, literal, "allOf")
    case .any(let parts, let keyword): return try union(parts, literal, keyword.rawValue)
    case .exactlyOne(let parts): return try exactlyOne(of: parts, literal)
    case .not(let part): return try expand(try negation(of: part))
    case .conditional(let condition, let then, let otherwise):
      let yes = condition.and(then)
      let no = try negation(of: condition).and(otherwise)
      return try union([yes, no], literal, "if")
    case .reference(let reference): return try expand(try target(of: reference, at: place(of: literal.schema)))
    }
  }

  private func expandNegated(
    _ applicator: SchemaNode.Applicator, of literal: Literal
  ) throws(SchemaError) -> ValueSet {
    switch applicator {
    case .all(let parts): return try union(try negations(parts), literal, "allOf")
    case .any(let parts, let keyword): return try intersection(try negations(parts), literal, keyword.rawValue)
    case .exactlyOne(let parts):
      // None of them, or two.
      var ways = [try negations(parts).reduce(Condition.always) { $0.and($1) }]
      for (index, part) in parts.enumerated() { for other in parts[..<index] { ways.append(part.and(other)) } }
      return try union(ways, literal, "oneOf")
    case .not(let part): return try expand(part)
    case .conditional(let condition, let then, let otherwise):
      let yes = condition.and(try negation(of: then))
      let no = try negation(of: condition).and(try negation(of: otherwise))
      return try union([yes, no], literal, "if")
    case .reference(let reference):
      return try expand(try negation(of: try target(of: reference, at: place(of: literal.schema))))
    }
  }

  private func negations(_ parts: [Condition]) throws(SchemaError) -> [Condition] {
    var all: [Condition] = []
    for part in parts { all.append(try negation(of: part)) }
    return all
  }

  private func union(_ parts: [Condition], _ literal: Literal, _ keyword: String) throws(SchemaError) -> ValueSet {
    var sets: [ValueSet] = []
    for part in parts where part != .never { sets.append(try expand(part)) }
    return try union(sets, literal, keyword)
  }

  /// Halves first, so that long lists take no more than they must.
  private func union(_ sets: [ValueSet], _ literal: Literal, _ keyword: String) throws(SchemaError) -> ValueSet {
    if sets.count < 2 { return sets.first ?? .none }
    let a = try union(Array(sets[..<(sets.count / 2)]), literal, keyword)
    let b = try union(Array(sets[(sets.count / 2)...]), literal, keyword)
    return try kept(literal, keyword) { () throws(NotComputable) in try a.union(b) }
  }

  private func intersection(
    _ parts: [Condition], _ literal: Literal, _ keyword: String
  ) throws(SchemaError) -> ValueSet {
    var set = ValueSet.all
    for part in parts {
      let other = try expand(part)
      set = try kept(literal, keyword) { () throws(NotComputable) in try set.intersection(other, texts) }
    }
    return set
  }

  /// What fits one of them and no other.
  ///
  /// Only what cannot be told apart plainly is intersected with complements.
  private func exactlyOne(of parts: [Condition], _ literal: Literal) throws(SchemaError) -> ValueSet {
    var sets: [ValueSet] = []
    for part in parts { sets.append(try expand(part)) }
    if areDistinctTexts(sets) { return try union(sets, literal, "oneOf") }
    var result = ValueSet.none
    for (index, part) in parts.enumerated() {
      var only = sets[index]
      for (other, excluded) in parts.enumerated() where other != index && !areDisjoint(only, sets[other]) {
        try spend(0, at: place(of: literal.schema).at("oneOf"))
        if excluded == part {
          only = .none
          continue
        }
        let outside = try expand(try negation(of: excluded))
        only = try kept(literal, "oneOf") { () throws(NotComputable) in try only.intersection(outside, texts) }
        only = try withoutEmptyParts(only)
      }
      result = try kept(literal, "oneOf") { () throws(NotComputable) in try result.union(only) }
    }
    return result
  }

  /// Whether all are of strings that are listed, each in one only: constants, mostly.
  private func areDistinctTexts(_ sets: [ValueSet]) -> Bool {
    var seen: Set<[UInt8]> = []
    for set in sets {
      guard let listed = set.strings.listed, set == ValueSet(strings: set.strings) else { return false }
      for text in listed where !seen.insert(text).inserted { return false }
    }
    return true
  }
}
