extension SchemaStore {
  /// All values that are not in `set`, which `literal` says.
  func complement(_ set: ValueSet, of literal: Literal) throws(SchemaError) -> ValueSet {
    var outside = ValueSet.all
    outside.null = !set.null
    outside.booleans = ValueSet.Booleans.all.subtracting(set.booleans)
    outside.numbers = try kept(literal, "not") { () throws(NotComputable) in try set.numbers.complement() }
    outside.strings = try kept(literal, "not") { () throws(NotComputable) in try set.strings.complement(texts) }
    for shape in set.arrays {
      var other = ValueSet.none
      other.arrays = try complement(shape, of: literal)
      other.objects = outside.objects
      outside.arrays = try kept(literal, "not") { () throws(NotComputable) in
        try outside.intersection(other, texts).arrays
      }
    }
    for shape in set.objects {
      var other = ValueSet.none
      other.objects = try complement(shape)
      outside.objects = try kept(literal, "not") { () throws(NotComputable) in
        try outside.intersection(other, texts).objects
      }
    }
    return outside
  }

  private func complement(_ shape: ObjectShape) throws(SchemaError) -> [ObjectShape] {
    var ways: [ObjectShape] = []
    var required: Set<StringSet> = []
    for demand in shape.demands {
      var rules: [ObjectShape.PropertyRule] = []
      for rule in demand {
        var condition = rule.condition
        if demand.count == 1, rule.keys.listed?.count == 1 {
          // That the property is missing and that its value does not fit are one: it is not there with a value that fits.
          required.insert(rule.keys)
          for other in shape.rules where other.keys == rule.keys { condition = condition.and(other.condition) }
        }
        rules.append(.init(keys: rule.keys, condition: try negation(of: condition)))
      }
      ways.append(ObjectShape(rules: rules))
    }
    var broken: [ObjectShape.PropertyRule] = []
    for rule in shape.rules where rule.condition != .always && !rule.keys.isEmpty && !required.contains(rule.keys) {
      broken.append(.init(keys: rule.keys, condition: try negation(of: rule.condition)))
    }
    if !broken.isEmpty { ways.append(ObjectShape(demands: [broken])) }
    if shape.minimumCount > 0 { ways.append(ObjectShape(maximumCount: shape.minimumCount - 1)) }
    if let most = shape.maximumCount, most < .max { ways.append(ObjectShape(minimumCount: most + 1)) }
    return ways
  }

  private func complement(_ shape: ArrayShape, of literal: Literal) throws(SchemaError) -> [ArrayShape] {
    if shape.isUnique { throw place(of: literal.schema).at("uniqueItems").error("cannot be kept under not or oneOf") }
    var ways: [ArrayShape] = []
    var broken: [ArrayShape.ItemRule] = []
    for rule in shape.rules where rule.condition != .always {
      if rule.condition == .never, rule.positions.end == nil {
        ways.append(ArrayShape(minimumCount: rule.positions.first + 1))
      } else {
        broken.append(.init(positions: rule.positions, condition: try negation(of: rule.condition)))
      }
    }
    if !broken.isEmpty { ways.append(ArrayShape(counts: [.init(rules: broken)])) }
    for count in shape.counts {
      if count.atLeast > 0 { ways.append(ArrayShape(counts: [count.bounded(0, count.atLeast - 1)])) }
      if let most = count.atMost, most < .max { ways.append(ArrayShape(counts: [count.bounded(most + 1, nil)])) }
    }
    if shape.minimumCount > 0 { ways.append(ArrayShape(maximumCount: shape.minimumCount - 1)) }
    if let most = shape.maximumCount, most < .max { ways.append(ArrayShape(minimumCount: most + 1)) }
    return ways
  }
}

extension ArrayShape.ItemCount {
  fileprivate func bounded(_ atLeast: Int, _ atMost: Int?) -> ArrayShape.ItemCount {
    ArrayShape.ItemCount(rules: rules, atLeast: atLeast, atMost: atMost)
  }
}
