/// A context-free grammar whose terminals are regular languages of bytes: a value that only says what is meant.
///
/// Nothing is skipped between symbols, and a terminal ends wherever its language allows: all ways to read a text count.
package struct Grammar: Sendable {
  /// The number of a rule.
  package struct RuleID: Hashable, Sendable {
    package let index: Int
  }

  /// What a rule stands for.
  package indirect enum Expression: Hashable, Sendable {
    /// A string of the language.
    case terminal(RegularLanguage)
    /// What another rule stands for, or the same one.
    case rule(RuleID)
    /// One after the other; of none: the empty string.
    case sequence([Expression])
    /// Any of them; of none: nothing can be read here.
    case choice([Expression])
    /// From `atLeast` to `atMost` of it; nil is without end.
    case repetition(Expression, atLeast: Int, atMost: Int?)
    /// Members in any order, with separators between them.
    case members(MemberList)
  }

  /// A rule's name, for messages, and what it stands for; nil until it is defined.
  package struct Rule: Sendable {
    package let name: String
    package fileprivate(set) var expression: Expression?
  }

  /// The rules, at the positions of their numbers.
  package private(set) var rules: [Rule] = []
  /// The rule that a whole text must follow; the first one, unless it is set.
  package var root = RuleID(index: 0)

  package init() {}

  /// A new rule, which may be referred to before it is defined.
  package mutating func declare(_ name: String) -> RuleID {
    rules.append(Rule(name: name))
    return RuleID(index: rules.count - 1)
  }

  /// Says what `rule` stands for.
  package mutating func define(_ rule: RuleID, as expression: Expression) {
    rules[rule.index].expression = expression
  }

  /// A new rule with what it stands for.
  package mutating func add(_ name: String, _ expression: Expression) -> RuleID {
    let rule = declare(name)
    define(rule, as: expression)
    return rule
  }
}

extension Grammar {
  /// The grammar whose texts are the strings of `language`.
  package init(_ language: RegularLanguage) {
    self.init()
    root = add("root", .terminal(language))
  }
}
