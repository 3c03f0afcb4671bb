package import ApusGrammar

extension JSONSchema {
  /// Where a schema that no value fits says so, as a JSON pointer: the deepest place that each value would have to fit.
  ///
  /// Reads the grammar once more. Throws where that is too large.
  package func placeOfNothing() throws(GrammarError) -> String {
    let search = EmptyRules(isEmpty: try CompiledGrammar.emptyRules(of: grammar))
    var rule = grammar.root
    var seen: Set<Grammar.RuleID> = [rule]
    while let expression = grammar.rules[rule.index].expression, let next = search.cause(of: expression),
      seen.insert(next).inserted
    {
      rule = next
    }
    return places[rule.index].shown
  }
}

/// The rules of a grammar that have no text.
private struct EmptyRules {
  let isEmpty: [Bool]

  /// A rule that alone leaves an expression without a text; recursion goes as deep as it is nested.
  func cause(of expression: Grammar.Expression) -> Grammar.RuleID? {
    switch expression {
    case .terminal: nil
    case .rule(let rule): isEmpty[rule.index] ? rule : nil
    case .sequence(let parts): parts.lazy.compactMap(cause).first
    case .choice(let parts): parts.count == 1 ? cause(of: parts[0]) : nil
    case .repetition(let part, let atLeast, _): atLeast > 0 ? cause(of: part) : nil
    case .members(let list):
      list.members.lazy.filter { $0.isRequired && $0.ways.count == 1 }
        .compactMap { cause(of: $0.ways[0].expression) }.first
    }
  }
}
