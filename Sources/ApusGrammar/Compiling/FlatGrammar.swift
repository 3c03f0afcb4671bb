/// A grammar's expressions as one list, each part before its own parts, with terminals as languages of a table.
struct FlatGrammar {
  enum Kind {
    case terminal(LanguageID)
    case call(Int)
    case sequence(Int)
    case choice(Int)
    case repetition(atLeast: Int32, atMost: Int32)
    /// A list by number; its parts are its ways.
    case members(Int, separator: LanguageID)
    case way(Int)
  }

  /// `parent` is the part that it belongs to, or for the whole of a rule `-1 - rule`.
  struct Part {
    var kind: Kind
    var parent: Int
  }

  private(set) var parts: [Part] = []
  private(set) var lists: [MemberList] = []
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
    case .members(let list): try add(list, parent: parent, terminal)
    }
  }

  private mutating func add(
    _ list: MemberList, parent: Int, _ terminal: (RegularLanguage) throws(GrammarError) -> LanguageID
  ) throws(GrammarError) {
    let index = parts.count
    let separator = try terminal(list.separator)
    parts.append(Part(kind: .members(lists.count, separator: separator), parent: parent))
    lists.append(list)
    for (number, way) in list.ways.enumerated() {
      parts.append(Part(kind: .way(number), parent: index))
      try add(way.expression, parent: parts.count - 1, terminal)
    }
  }

  /// Which rules have a property that a rule has because of its parts; takes time linear in the grammar.
  ///
  /// These parts are all of a sequence, one of a choice, the part of a repetition that must be there; `ofTerminal` says
  /// which terminals have it, `ofMembers` which lists, of those of their ways that have it.
  func rules(
    where ofTerminal: (LanguageID) -> Bool, _ ofMembers: @escaping (MemberList, (Int) -> Bool) -> Bool
  ) -> [Bool] {
    var spread = Spread(self, ofMembers)
    for (index, part) in parts.enumerated() {
      switch part.kind {
      case .terminal(let language): if ofTerminal(language) { spread.complete(index) }
      case .sequence(0): spread.complete(index)
      case .repetition(atLeast: ...0, atMost: 0...): spread.complete(index)
      case .members: spread.wait(index)
      case .repetition, .sequence, .choice, .call, .way: break
      }
    }
    return spread.run()
  }

  /// How a property spreads from parts to what they are part of.
  private struct Spread {
    private let parts: [Part]
    private let memberLists: [MemberList]
    private var missing: [Int]
    private var callers: [[Int]]
    private var holds: [Bool]
    private var found: [Int] = []
    /// Lists of which more is known than when they were looked at last.
    private var waiting: [Int] = []
    /// Of lists, how many ways must have the property at least, and which have it.
    private var lists: [Int: (needed: Int, ready: Set<Int>, isWaiting: Bool)] = [:]
    private let ofMembers: (MemberList, (Int) -> Bool) -> Bool

    init(_ grammar: FlatGrammar, _ ofMembers: @escaping (MemberList, (Int) -> Bool) -> Bool) {
      self.ofMembers = ofMembers
      parts = grammar.parts
      memberLists = grammar.lists
      callers = Array(repeating: [], count: grammar.ruleCount)
      holds = Array(repeating: false, count: grammar.ruleCount)
      missing = Array(repeating: 1, count: parts.count)
      for (index, part) in parts.enumerated() {
        if case .sequence(let count) = part.kind { missing[index] = max(1, count) }
        if case .call(let rule) = part.kind { callers[rule].append(index) }
        if case .members(let list, _) = part.kind {
          lists[index] = (memberLists[list].members.count(where: \.isRequired), [], false)
        }
        if case .repetition(let atLeast, let atMost) = part.kind, atMost < atLeast { missing[index] = 2 }
      }
    }

    mutating func complete(_ part: Int) {
      guard missing[part] > 0 else { return }
      missing[part] = 0
      found.append(part)
    }

    mutating func run() -> [Bool] {
      while true {
        while let part = found.popLast() { spread(from: part) }
        // Only now, so that a list of many ways is not looked at for each of them.
        guard let list = waiting.popLast() else { return holds }
        lookAtMembers(list)
      }
    }

    private mutating func spread(from part: Int) {
      let parent = parts[part].parent
      if parent >= 0, case .way(let way) = parts[part].kind {
        lists[parent]?.ready.insert(way)
        wait(parent)
      } else if parent >= 0 {
        receive(parent)
      } else if !holds[-1 - parent] {
        holds[-1 - parent] = true
        for caller in callers[-1 - parent] { receive(caller) }
      }
    }

    mutating func wait(_ list: Int) {
      guard missing[list] > 0, lists[list]?.isWaiting == false else { return }
      lists[list]?.isWaiting = true
      waiting.append(list)
    }

    private mutating func lookAtMembers(_ index: Int) {
      lists[index]?.isWaiting = false
      guard missing[index] > 0, case .members(let list, _) = parts[index].kind, let (needed, ready, _) = lists[index],
        ready.count >= needed
      else { return }
      if ofMembers(memberLists[list], ready.contains) { complete(index) }
    }

    private mutating func receive(_ part: Int) {
      guard missing[part] > 0 else { return }
      missing[part] -= 1
      if missing[part] == 0 { found.append(part) }
    }
  }
}
