internal import ApusText

/// The rules of a text form, which may be used before they are defined.
struct RuleTable {
  private var grammar = Grammar()
  private var ids: [String: Grammar.RuleID] = [:]
  /// Where each rule was first named, at the positions of their numbers.
  private var places: [Int] = []
  private var terminals: [ScalarSet: Grammar.Expression] = [:]

  /// The rule with a name, for a use of it at `offset`.
  mutating func rule(_ name: String, at offset: Int) -> Grammar.RuleID {
    if let id = ids[name] { return id }
    let id = grammar.declare(name)
    ids[name] = id
    places.append(offset)
    return id
  }

  /// Defines the rule whose name stands at `offset`.
  mutating func define(_ name: String, at offset: Int, as expression: Grammar.Expression) throws(GrammarError) {
    let id = rule(name, at: offset)
    guard grammar.rules[id.index].expression == nil else {
      throw .syntax(reason: "\(Self.shown(name)) is defined twice: remove one, or join them with '|'", offset: offset)
    }
    grammar.define(id, as: expression)
  }

  /// One character of the set.
  mutating func character(of set: ScalarSet) -> Grammar.Expression {
    if let known = terminals[set] { return known }
    let terminal = set.isEmpty ? Grammar.Expression.choice([]) : .terminal(set.utf8)
    terminals[set] = terminal
    return terminal
  }

  /// The grammar, where each rule that is used is defined.
  func grammar(root: String, end: Int) throws(GrammarError) -> Grammar {
    for (rule, place) in zip(grammar.rules, places) where rule.expression == nil {
      throw .syntax(reason: "\(Self.shown(rule.name)) is used here and defined nowhere", offset: place)
    }
    guard let id = ids[root] else {
      throw .syntax(reason: "no rule is named '\(root)': name the one so that a whole text follows", offset: end)
    }
    var result = grammar
    result.root = id
    return result
  }

  private static func shown(_ name: String) -> String { "'" + printable(name, limit: 64) + "'" }
}
