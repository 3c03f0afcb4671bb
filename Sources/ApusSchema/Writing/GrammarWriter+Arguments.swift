internal import ApusGrammar

extension GrammarWriter {
  /// The objects that fit `condition`, as the arguments of a call.
  func arguments(_ condition: Condition) throws(SchemaError) -> Grammar.Expression {
    let shapes = try store.expand(condition).objects
    guard !shapes.isEmpty else { throw place.error("allows no object, but arguments are one") }
    var ways: [Grammar.Expression] = []
    let takesOthers = form.takesOthers && form.members == nil
    for shape in shapes {
      var plan = try ObjectPlan(shape, store, place, takesOthers: takesOthers)
      for property in plan.named where property.isRequired && !form.canWrite(property.key) {
        let key = String(decoding: property.key.prefix(100), as: UTF8.self)
        throw place.error("needs \(key), a name that cannot be written in this model's form of calls")
      }
      plan.named.removeAll { !form.canWrite($0.key) }
      guard takesOthers || plan.minimumCount <= plan.named.count else { continue }
      if let members = form.members { ways.append(try list(plan, members)) } else { ways.append(try object(plan)) }
    }
    guard !ways.isEmpty else { throw place.error("asks for more arguments than it names: name them in properties") }
    return ways.count == 1 ? ways[0] : .choice(ways)
  }

  /// Members without brackets around them.
  private func list(_ plan: ObjectPlan, _ form: ArgumentForm.Members) throws(SchemaError) -> Grammar.Expression {
    var list = MemberList([], separator: .literal(form.separator + form.beforeKey))
    for property in plan.named {
      let key = Grammar.Expression.terminal(.literal(property.key + form.behindKey))
      var ways: [MemberList.Way] = []
      for way in property.ways {
        var parts = [key, try argument(property.key, way.condition)]
        if !form.behindValue.isEmpty { parts.append(.terminal(.literal(form.behindValue))) }
        ways.append(.init(.sequence(parts), meets: way.meets))
      }
      list.members.append(.init(ways, isRequired: property.isRequired))
    }
    setCounts(of: &list, plan)
    guard !form.beforeKey.isEmpty else { return .members(list) }
    let mayBeEmpty = list.atLeast == 0 && list.demands == 0 && !plan.named.contains(where: \.isRequired)
    list.atLeast = max(1, list.atLeast)
    let some = Grammar.Expression.sequence([.terminal(.literal(form.beforeKey)), .members(list)])
    return mayBeEmpty ? .choice([.sequence([]), some]) : some
  }

  /// The value of one argument.
  private func argument(_ key: [UInt8], _ condition: Condition) throws(SchemaError) -> Grammar.Expression {
    guard let hasNull = form.plainTexts[key] else { return try value(condition) }
    let set = try store.expand(condition)
    var ways: [Grammar.Expression] = []
    if !set.strings.isEmpty {
      var parts = [try texts(set.strings, as: .raw), .before(mark: form.avoided)]
      if hasNull {
        let space = RegularLanguage.repetition(.byte(ByteSet(" \n\r\t".utf8)), atLeast: 0, atMost: nil)
        parts.append(.complement(.concatenation([space, text("null"), space])))
      }
      ways.append(.terminal(.intersection(parts)))
    }
    if set.null, hasNull { ways.append(.terminal(text("null"))) }
    return ways.count == 1 ? ways[0] : .choice(ways)
  }
}
