extension Grammar {
  /// How many expressions its rules are written with; terminals count as one each.
  package var expressionCount: Int { rules.reduce(0) { $0 + ($1.expression?.count ?? 0) } }
}

extension Grammar.Expression {
  /// It and all in it; recursion goes as deep as it is nested.
  fileprivate var count: Int {
    switch self {
    case .terminal, .rule: 1
    case .sequence(let parts), .choice(let parts): parts.reduce(1) { $0 + $1.count }
    case .repetition(let part, _, _): 1 + part.count
    case .members(let list): list.ways.reduce(1) { $0 + $1.expression.count }
    }
  }
}
