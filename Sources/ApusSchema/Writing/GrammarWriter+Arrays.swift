internal import ApusGrammar
internal import ApusJSON

extension GrammarWriter {
  func array(_ shape: ArrayShape) throws(SchemaError) -> Grammar.Expression {
    var writer = try ArrayWriter(shape, self)
    return .sequence([layout.opening("["), try writer.write(), layout.closing("]")])
  }
}

/// Writes the items of an array, one rule for each place between them that differs from others.
private struct ArrayWriter {
  let shape: ArrayShape
  let writer: GrammarWriter
  /// From here on rules say the same of all items.
  private let settled: Int
  /// The values that items of an array without equal ones may have; nil where items may be equal.
  private let values: [ValueSet]?
  private var rules: [State: Grammar.RuleID] = [:]
  private var waiting: [State] = []

  private struct State: Hashable {
    var position = 0
    /// How many items each of the shape's counts has, as far as it matters.
    var counts: [Int]
    /// Values that are there already, a bit each.
    var used = 0
  }

  static let valueLimit = 10
  static let ruleLimit = 1_000

  init(_ shape: ArrayShape, _ writer: GrammarWriter) throws(SchemaError) {
    (self.shape, self.writer) = (shape, writer)
    let positions = (shape.rules + shape.counts.flatMap(\.rules)).map(\.positions)
    settled = positions.map { $0.end ?? $0.first }.max() ?? 0
    guard positions.count <= Self.ruleLimit else {
      throw writer.place.error("more than \(Self.ruleLimit) items with schemas of their own")
    }
    values = try Self.values(shape, writer)
  }

  /// The values from which a list without equal items is made.
  private static func values(_ shape: ArrayShape, _ writer: GrammarWriter) throws(SchemaError) -> [ValueSet]? {
    guard shape.isUnique, shape.maximumCount.map({ $0 > 1 }) ?? true else { return nil }
    let positions = (0...(shape.rules.map { $0.positions.end ?? $0.positions.first }.max() ?? 0))
    guard positions.count <= 2 * valueLimit else { throw refusal(writer) }
    var values: [ValueSet] = []
    for position in positions where shape.maximumCount.map({ position < $0 }) ?? true {
      let condition = Self.condition(shape.rules, position)
      guard let listed = try writer.store.expand(condition).listed else { throw refusal(writer) }
      for value in listed where !values.contains(value) { values.append(value) }
    }
    guard values.count <= valueLimit else { throw refusal(writer) }
    return values
  }

  private static func refusal(_ writer: GrammarWriter) -> SchemaError {
    writer.place.at("uniqueItems").error(
      "is kept only for items of at most \(valueLimit) different values: leave it out, or list the values with enum")
  }

  private static func condition(_ rules: [ArrayShape.ItemRule], _ position: Int) -> Condition {
    rules.filter { $0.positions.contains(position) }.reduce(.always) { $0.and($1.condition) }
  }

  mutating func write() throws(SchemaError) -> Grammar.Expression {
    let first = try rule(State(counts: shape.counts.map { _ in 0 }))
    while let state = waiting.popLast() {
      if let rule = rules[state] { writer.define(rule, try items(state)) }
    }
    return .rule(first)
  }

  private mutating func rule(_ state: State) throws(SchemaError) -> Grammar.RuleID {
    if let known = rules[state] { return known }
    let rule = try writer.declare("items")
    rules[state] = rule
    waiting.append(state)
    return rule
  }

  private mutating func items(_ state: State) throws(SchemaError) -> Grammar.Expression {
    let condition = Self.condition(shape.rules, state.position)
    if shape.counts.isEmpty, values == nil, state.position >= settled { return try rest(state, condition) }
    var ways: [Grammar.Expression] = []
    let isEnough = zip(shape.counts, state.counts).allSatisfy { $1 >= $0.atLeast }
    if state.position >= shape.minimumCount, isEnough { ways.append(.sequence([])) }
    if shape.maximumCount.map({ state.position < $0 }) ?? true {
      if let values {
        for (number, value) in values.enumerated() where state.used & 1 << number == 0 {
          var state = state
          state.used |= 1 << number
          let item = try writer.store.intern(value, at: writer.place)
          ways += try items(state, condition.and(item))
        }
      } else {
        ways += try items(state, condition)
      }
    }
    return ways.count == 1 ? ways[0] : .choice(ways)
  }

  /// The ways to write an item that fits `condition` and all that follows it.
  private mutating func items(_ state: State, _ condition: Condition) throws(SchemaError) -> [Grammar.Expression] {
    var ways: [(condition: Condition, counts: [Int])] = [(condition, [])]
    for (count, soFar) in zip(shape.counts, state.counts) {
      ways = try counted(ways, count, soFar, at: state.position)
      guard ways.count <= ValueSet.alternativeLimit else {
        throw writer.place.at("contains").error("too many kinds of items are asked for at once: ask for fewer")
      }
      try writer.store.spend(ways.count, at: writer.place)
    }
    var expressions: [Grammar.Expression] = []
    let comma = state.position == 0 ? [] : [Grammar.Expression.terminal(writer.layout.comma)]
    for way in ways where way.condition != .never {
      var next = state
      next.counts = way.counts
      // Places are told apart as long as rules or lengths differ.
      let last = max(settled, shape.minimumCount, shape.maximumCount ?? 0, 1)
      next.position = min(state.position + 1, last)
      expressions.append(.sequence(comma + [try writer.value(way.condition), .rule(try rule(next))]))
    }
    return expressions
  }

  /// The ways, each with one more number: how often the count's rules hold after this item.
  private func counted(
    _ ways: [(condition: Condition, counts: [Int])], _ count: ArrayShape.ItemCount, _ soFar: Int, at position: Int
  ) throws(SchemaError) -> [(condition: Condition, counts: [Int])] {
    let rules = count.rules.filter { $0.positions.contains(position) }
    if rules.isEmpty || (count.atMost == nil && soFar >= count.atLeast) {
      return ways.map { ($0.condition, $0.counts + [soFar]) }
    }
    let enough = count.atMost.map { max($0, count.atLeast) } ?? count.atLeast
    var result: [(condition: Condition, counts: [Int])] = []
    for way in ways {
      // Without a most it does no harm to leave an item uncounted.
      var other = way.condition
      if count.atMost != nil {
        for rule in rules { other = other.and(try writer.store.negation(of: rule.condition)) }
      }
      let isAlways = rules.contains { way.condition.and($0.condition) == way.condition }
      if !isAlways { result.append((other, way.counts + [soFar])) }
      if soFar < enough {
        // Of an item only one of the rules is taken, as it counts once.
        for rule in rules {
          result.append((way.condition.and(rule.condition), way.counts + [soFar + 1]))
        }
      }
    }
    return result
  }

  /// The rest of an array all items of which fit the same.
  private func rest(_ state: State, _ condition: Condition) throws(SchemaError) -> Grammar.Expression {
    let least = max(0, shape.minimumCount - state.position)
    let most = shape.maximumCount.map { max(0, $0 - state.position) }
    if condition == .never || most == 0 { return least == 0 ? .sequence([]) : .choice([]) }
    let item = try writer.value(condition)
    let more = Grammar.Expression.sequence([.terminal(writer.layout.comma), item])
    if state.position > 0 { return .repetition(more, atLeast: least, atMost: most) }
    let some = Grammar.Expression.sequence([
      item, .repetition(more, atLeast: max(0, least - 1), atMost: most.map { $0 - 1 }),
    ])
    return least == 0 ? .choice([.sequence([]), some]) : some
  }
}

extension NumberIntervals {
  /// The most numbers that are listed of one interval.
  private static let listLimit = 64

  /// Its numbers, or only its whole ones, where they are few.
  fileprivate func listed(isWhole: Bool) -> [DecimalNumber]? {
    var all: [DecimalNumber] = []
    for interval in intervals {
      guard let lower = interval.lower?.value, let upper = interval.upper?.value else { return nil }
      if lower == upper {
        all.append(lower)
        continue
      }
      guard isWhole, let first = lower.towardZero.scaled(by: 0), let last = upper.towardZero.scaled(by: 0),
        last - first <= Self.listLimit
      else { return nil }
      for value in first...last {
        if let number = DecimalNumber(.int(value)), contains(number) { all.append(number) }
      }
    }
    return all
  }
}

extension ValueSet {
  /// Its values, each as a set of its own, where they are few and plain.
  var listed: [ValueSet]? {
    guard arrays.isEmpty, objects.isEmpty, let texts = strings.listed else { return nil }
    var all: [ValueSet] = []
    if null { all.append(ValueSet(null: true)) }
    if booleans.contains(.yes) { all.append(ValueSet(booleans: .yes)) }
    if booleans.contains(.no) { all.append(ValueSet(booleans: .no)) }
    for piece in numbers.pieces {
      guard piece.isPlain, let numbers = piece.integers.listed(isWhole: true),
        let others = piece.fractions.listed(isWhole: false)
      else { return nil }
      all += (numbers + others).map { ValueSet(numbers: NumberSet([$0])) }
    }
    for text in texts { all.append(ValueSet(strings: StringSet([text]))) }
    return all
  }
}
