/// A grammar's expressions as one list, each part before its own parts, with terminals as languages of a table.
struct FlatGrammar {
  enum Kind {
    case terminal(LanguageID)
    case call(Int)
    case sequence(Int)
    case choice(Int)
    case repetition(atLeast: Int32, atMost: Int32)
  }

  /// `parent` is the part that it belongs to, or for the whole of a rule `-1 - rule`.
  struct Part {
    var kind: Kind
    var parent: Int
  }

  private(set) var parts: [Part] = []
  let ruleCount: Int

  init(_ grammar: Grammar, terminal: (RegularLanguage) throws(GrammarError) -> LanguageID) throws(GrammarError) {
    ruleCount = grammar.rules.count
    for (index, rule) in grammar.rules.enumerated() {
      if let expression = rule.expression { try add(expression, parent: -1 - index, terminal) }
    }
  }

  private mutating func add(
    _ expression: Grammar.Expression, parent: Int, _ terminal: (RegularLanguage) throws(GrammarError) -> LanguageID
  ) throws(GrammarError) {
    let index = parts.count
    switch expression {
    case .terminal(let language): parts.append(Part(kind: .terminal(try terminal(language)), parent: parent))
    case .rule(let rule): parts.append(Part(kind: .call(rule.index), parent: parent))
    case .sequence(let list):
      parts.append(Part(kind: .sequence(list.count), parent: parent))
      for part in list { try add(part, parent: index, terminal) }
    case .choice(let list):
      parts.append(Part(kind: .choice(list.count), parent: parent))
      for part in list { try add(part, parent: index, terminal) }
    case .repetition(let part, let atLeast, let atMost):
      let kind = Kind.repetition(atLeast: LanguageNode.count(atLeast), atMost: LanguageNode.count(atMost))
      parts.append(Part(kind: kind, parent: parent))
      try add(part, parent: index, terminal)
    }
  }

  /// Which rules have a property that a rule has because of its parts: all of a sequence, one of a choice, the part of a
  /// repetition that must be there; `ofTerminal` says which terminals have it. Takes time linear in the grammar.
  func rules(where ofTerminal: (LanguageID) -> Bool) -> [Bool] {
    var spread = Spread(self)
    for (index, part) in parts.enumerated() {
      switch part.kind {
      case .terminal(let language): if ofTerminal(language) { spread.complete(index) }
      case .sequence(0): spread.complete(index)
      case .repetition(atLeast: ...0, atMost: 0...): spread.complete(index)
      case .repetition, .sequence, .choice, .call: break
      }
    }
    return spread.run()
  }

  /// How a property spreads from parts to what they are part of.
  private struct Spread {
    private let parts: [Part]
    private var missing: [Int]
    private var callers: [[Int]]
    private var holds: [Bool]
    private var found: [Int] = []

    init(_ grammar: FlatGrammar) {
      parts = grammar.parts
      callers = Array(repeating: [], count: grammar.ruleCount)
      holds = Array(repeating: false, count: grammar.ruleCount)
      missing = Array(repeating: 1, count: parts.count)
      for (index, part) in parts.enumerated() {
        if case .sequence(let count) = part.kind { missing[index] = max(1, count) }
        if case .call(let rule) = part.kind { callers[rule].append(index) }
        if case .repetition(let atLeast, let atMost) = part.kind, atMost < atLeast { missing[index] = 2 }
      }
    }

    mutating func complete(_ part: Int) {
      guard missing[part] > 0 else { return }
      missing[part] = 0
      found.append(part)
    }

    mutating func run() -> [Bool] {
      while let part = found.popLast() {
        let parent = parts[part].parent
        if parent >= 0 {
          receive(parent)
        } else if !holds[-1 - parent] {
          holds[-1 - parent] = true
          for caller in callers[-1 - parent] { receive(caller) }
        }
      }
      return holds
    }

    private mutating func receive(_ part: Int) {
      guard missing[part] > 0 else { return }
      missing[part] -= 1
      if missing[part] == 0 { found.append(part) }
    }
  }
}
