extension Grammar {
  /// Takes in the rules of another grammar; returns the rule here that stands for all of its texts.
  package mutating func take(_ other: Grammar) -> RuleID {
    let shift = rules.count
    for rule in other.rules { _ = declare(rule.name) }
    for (index, rule) in other.rules.enumerated() {
      if let expression = rule.expression {
        define(RuleID(index: shift + index), as: expression.shifted(by: shift))
      }
    }
    return RuleID(index: shift + other.root.index)
  }
}

extension Grammar.Expression {
  /// The same with the numbers of all rules so much larger; recursion goes as deep as it is nested.
  fileprivate func shifted(by shift: Int) -> Grammar.Expression {
    switch self {
    case .terminal: self
    case .rule(let rule): .rule(Grammar.RuleID(index: rule.index + shift))
    case .sequence(let parts): .sequence(parts.map { $0.shifted(by: shift) })
    case .choice(let parts): .choice(parts.map { $0.shifted(by: shift) })
    case .repetition(let part, let atLeast, let atMost):
      .repetition(part.shifted(by: shift), atLeast: atLeast, atMost: atMost)
    case .members(let list): .members(list.shifted(by: shift))
    }
  }
}

extension MemberList {
  fileprivate func shifted(by shift: Int) -> MemberList {
    func shifted(_ ways: [Way]) -> [Way] {
      ways.map { Way($0.expression.shifted(by: shift), meets: $0.meets) }
    }
    var list = self
    list.members = members.map { Member(shifted($0.ways), isRequired: $0.isRequired) }
    list.others = shifted(others)
    return list
  }
}
