internal import ApusGrammar

/// Which properties an object may have: those that are named, in order, and others after them.
struct ObjectPlan {
  var named: [Named] = []
  /// Keys that are not named, each in one of these sets, and what their values fit; none where they are not taken.
  private(set) var others: [Others] = []
  /// Of each list some property must be one of its rules'.
  var demands: [[ObjectShape.PropertyRule]] = []
  var minimumCount: Int
  var maximumCount: Int?

  struct Named {
    let key: [UInt8]
    var isRequired = false
    /// What its value fits, and which demands (a bit each) are met then.
    var ways: [Way] = []
  }

  struct Others {
    let keys: StringSet
    let ways: [Way]
  }

  struct Way: Hashable {
    let condition: Condition
    let meets: UInt32
  }

  /// Keys for which the same rules hold, what their values fit, and the rules of demands that they are in.
  private typealias Part = (keys: StringSet, condition: Condition, meets: [ObjectShape.PropertyRule])

  static let demandLimit = 6
  static let setLimit = 64

  init(
    _ shape: ObjectShape, _ store: SchemaStore, _ place: Place, takesOthers: Bool = true
  ) throws(SchemaError) {
    minimumCount = shape.minimumCount
    maximumCount = shape.maximumCount
    var positions: [[UInt8]: Int] = [:]
    var conditions: [Condition] = []
    var wide: [ObjectShape.PropertyRule] = []
    func note(_ keys: StringSet) -> [Int]? {
      guard let listed = keys.listed else { return nil }
      return listed.map { key in
        if let known = positions[key] { return known }
        positions[key] = conditions.count
        conditions.append(.always)
        named.append(Named(key: key))
        return conditions.count - 1
      }
    }
    for rule in shape.rules {
      if let noted = note(rule.keys) {
        for position in noted { conditions[position] = conditions[position].and(rule.condition) }
      } else if rule.condition != .always {
        wide.append(rule)
      }
    }
    for demand in shape.demands {
      var isSimple = demand.count == 1
      for rule in demand where (note(rule.keys)?.count ?? 2) != 1 { isSimple = false }
      if isSimple, let position = note(demand[0].keys)?.first {
        named[position].isRequired = true
        conditions[position] = conditions[position].and(demand[0].condition)
      } else {
        demands.append(demand)
      }
    }
    guard demands.count <= Self.demandLimit else {
      throw place.error("asks for more than \(Self.demandLimit) kinds of properties at once that have no fixed keys")
    }
    for position in named.indices {
      let key = named[position].key
      for rule in wide where rule.keys.contains(key, store.texts) {
        conditions[position] = conditions[position].and(rule.condition)
      }
      guard !store.texts.isExhausted else { throw Self.tooManyKeys(place) }
      do {
        named[position].ways = try Self.ways(conditions[position], demands) { $0.contains(key, store.texts) }
      } catch { throw place.error("asks for too much of one property: \(error.reason)") }
    }
    if takesOthers { try addOthers(wide, store, place) }
    named.removeAll { $0.ways.isEmpty && !$0.isRequired }
    try keepDistinct(store, place)
  }

  private static func tooManyKeys(_ place: Place) -> SchemaError {
    place.error("has too many keys and patterns to compare: write fewer patterns")
  }

  /// Sees to it that properties which count are different ones: a key that is not named may be written twice.
  ///
  /// Where the named ones that must come are one short, any other one makes up for it. Else the others must be named too,
  /// which few keys are now.
  private mutating func keepDistinct(_ store: SchemaStore, _ place: Place) throws(SchemaError) {
    let needed = minimumCount - named.count(where: \.isRequired)
    guard needed > 1 else { return }
    for other in others where other.ways.contains(where: { !store.isEmpty($0.condition, depth: 0) }) {
      guard let keys = store.texts.fewTexts(other.keys) else {
        if store.texts.isExhausted { throw Self.tooManyKeys(place) }
        throw place.error(
          "minProperties of \(minimumCount) counts properties that are not named, which may be written twice: name them in properties, or require \(minimumCount - 1) of those named"
        )
      }
      for key in keys { named.append(Named(key: key, ways: other.ways)) }
    }
    others = []
  }

  /// The keys that are not named, cut so that for each part the same rules hold.
  private mutating func addOthers(
    _ wide: [ObjectShape.PropertyRule], _ store: SchemaStore, _ place: Place
  ) throws(SchemaError) {
    do throws(NotComputable) {
      for part in try parts(wide, store) {
        let ways = try Self.ways(part.condition, demands) { keys in part.meets.contains { $0.keys == keys } }
        if !ways.isEmpty { others.append(Others(keys: part.keys, ways: ways)) }
      }
    } catch {
      throw place.error("its keys cannot be told apart: \(error.reason)")
    }
  }

  private func parts(
    _ wide: [ObjectShape.PropertyRule], _ store: SchemaStore
  ) throws(NotComputable) -> [Part] {
    var parts: [Part] = [(StringSet(except: named.map(\.key)), .always, [])]
    let asked = demands.flatMap { $0 }.filter { $0.keys.listed == nil }
    for (index, rule) in (wide + asked).enumerated() {
      var next: [Part] = []
      let outside = try rule.keys.complement(store.texts)
      for part in parts {
        let both = try part.keys.intersection(rule.keys, store.texts)
        let rest = both == part.keys ? .none : try part.keys.intersection(outside, store.texts)
        if !both.isEmpty {
          let condition = index < wide.count ? part.condition.and(rule.condition) : part.condition
          if condition != .never { next.append((both, condition, part.meets + (index < wide.count ? [] : [rule]))) }
        }
        if !rest.isEmpty { next.append((rest, part.condition, part.meets)) }
      }
      guard next.count <= Self.setLimit else { throw NotComputable() }
      parts = next
    }
    return parts
  }

  /// The ways in which a property may fit `condition` and meet demands.
  private static func ways(
    _ condition: Condition, _ demands: [[ObjectShape.PropertyRule]], _ isIn: (StringSet) -> Bool
  ) throws(NotComputable) -> [Way] {
    var ways: Set<Way> = [Way(condition: condition, meets: 0)]
    for (number, demand) in demands.enumerated() {
      // One rule is enough to meet a demand.
      let before = ways
      for rule in demand where isIn(rule.keys) {
        for way in before {
          let both = way.condition.and(rule.condition)
          if both == way.condition { ways.remove(way) }
          ways.insert(Way(condition: both, meets: way.meets | 1 << UInt32(number)))
          guard ways.count <= Self.setLimit * Self.setLimit else { throw NotComputable() }
        }
      }
    }
    return ways.filter { $0.condition != .never }.sorted {
      ($0.meets, $0.condition.literals.count) < ($1.meets, $1.condition.literals.count)
    }
  }
}

extension GrammarWriter {
  func object(_ shape: ObjectShape) throws(SchemaError) -> Grammar.Expression {
    try object(try ObjectPlan(shape, store, place))
  }

  func object(_ plan: ObjectPlan) throws(SchemaError) -> Grammar.Expression {
    var list = MemberList([], separator: layout.comma)
    for property in plan.named {
      let key = try string(StringSet([property.key]), isKey: true)
      list.members.append(.init(try ways(property.ways, key), isRequired: property.isRequired))
    }
    for other in plan.others { list.others += try ways(other.ways, try string(other.keys, isKey: true)) }
    setCounts(of: &list, plan)
    return .sequence([layout.opening("{"), .members(list), layout.closing("}")])
  }

  func setCounts(of list: inout MemberList, _ plan: ObjectPlan) {
    list.atLeast = plan.minimumCount
    list.atMost = plan.maximumCount
    list.demands = 1 << UInt32(plan.demands.count) - 1
    list.keepsOrder = keepsOrder
  }

  private func ways(
    _ ways: [ObjectPlan.Way], _ key: RegularLanguage
  ) throws(SchemaError) -> [MemberList.Way] {
    var written: [MemberList.Way] = []
    for way in ways {
      let member = Grammar.Expression.sequence([
        .terminal(.concatenation([key, layout.colon])), try value(way.condition),
      ])
      written.append(.init(member, meets: way.meets))
    }
    return written
  }
}
