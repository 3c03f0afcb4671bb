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

  /// Which rules have a property that a rule has because of its parts.
  ///
  /// These parts are all of a sequence, one of a choice, the part of a repetition that must be there; `ofTerminal` says
  /// which terminals have it, `ofMembers` which lists, of those of their ways that have it. Takes time linear in the
  /// grammar, but for lists, which are looked at again when more of their ways have the property: an `ofMembers` that
  /// looks at the ways counts them, and throws where they are too many.
  func rules(
    where ofTerminal: (LanguageID) -> Bool,
    _ ofMembers: (MemberList, (Int) -> Bool) throws(GrammarError) -> Bool
  ) throws(GrammarError) -> [Bool] {
    var spread = Spread(self)
    for (index, part) in parts.enumerated() {
      switch part.kind {
      case .terminal(let language): if ofTerminal(language) { spread.complete(index) }
      case .sequence(0): spread.complete(index)
      case .repetition(atLeast: ...0, atMost: 0...): spread.complete(index)
      case .members: spread.wait(index)
      case .repetition, .sequence, .choice, .call, .way: break
      }
    }
    return try spread.run(ofMembers)
  }

  /// How a property spreads from parts to what they are part of.
  private struct Spread {
    private let parts: [Part]
    private let memberLists: [MemberList]
    private var missing: [Int]
    private var callers: [[Int]]
    private var holds: [Bool]
    private var found: [Int] = []
    /// Lists of which more is known than when they were looked at last, by the width of the number of their ways.
    private var waiting: [[Int]] = Array(repeating: [], count: Int.bitWidth + 1)
    private var lists: [Int: Progress] = [:]

    /// What is known of a list.
    private struct Progress {
      /// How many ways must have the property at least.
      let needed: Int
      let width: Int
      /// The ways that have it.
      var ready: Set<Int> = []
      var isWaiting = false

      init(_ list: MemberList) {
        needed = list.members.count(where: \.isRequired)
        width = Int.bitWidth - list.ways.count.leadingZeroBitCount
      }
    }

    init(_ grammar: FlatGrammar) {
      parts = grammar.parts
      memberLists = grammar.lists
      callers = Array(repeating: [], count: grammar.ruleCount)
      holds = Array(repeating: false, count: grammar.ruleCount)
      missing = Array(repeating: 1, count: parts.count)
      for (index, part) in parts.enumerated() {
        if case .sequence(let count) = part.kind { missing[index] = max(1, count) }
        if case .call(let rule) = part.kind { callers[rule].append(index) }
        if case .members(let list, _) = part.kind { lists[index] = Progress(memberLists[list]) }
        if case .repetition(let atLeast, let atMost) = part.kind, atMost < atLeast { missing[index] = 2 }
      }
    }

    mutating func complete(_ part: Int) {
      guard missing[part] > 0 else { return }
      missing[part] = 0
      found.append(part)
    }

    mutating func run(
      _ ofMembers: (MemberList, (Int) -> Bool) throws(GrammarError) -> Bool
    ) throws(GrammarError) -> [Bool] {
      while true {
        while let part = found.popLast() { spread(from: part) }
        // Only now, and small ones first, so that a list of many ways is not looked at for each of them.
        guard let width = waiting.firstIndex(where: { !$0.isEmpty }), let list = waiting[width].popLast() else {
          return holds
        }
        try lookAtMembers(list, ofMembers)
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
      guard missing[list] > 0, let known = lists[list], !known.isWaiting else { return }
      lists[list]?.isWaiting = true
      waiting[known.width].append(list)
    }

    private mutating func lookAtMembers(
      _ index: Int, _ ofMembers: (MemberList, (Int) -> Bool) throws(GrammarError) -> Bool
    ) throws(GrammarError) {
      lists[index]?.isWaiting = false
      guard missing[index] > 0, case .members(let list, _) = parts[index].kind, let known = lists[index],
        known.ready.count >= known.needed
      else { return }
      if try ofMembers(memberLists[list], known.ready.contains) { complete(index) }
    }

    private mutating func receive(_ part: Int) {
      guard missing[part] > 0 else { return }
      missing[part] -= 1
      if missing[part] == 0 { found.append(part) }
    }
  }
}
