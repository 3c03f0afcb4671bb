/// Makes languages of a grammar's rules.
///
/// Recursion goes as deep as a grammar is nested, which `GrammarSurvey` has bounded.
struct GrammarReader: ~Copyable {
  private(set) var table: LanguageTable
  /// The language of each rule.
  private(set) var bodies: [LanguageID] = []
  private let limits: GrammarLimits
  /// The languages of single bytes that were read.
  private var letters: [LanguageID?] = Array(repeating: nil, count: 256)

  private let shouldStop: () -> Bool
  /// How many steps there are to the next question.
  private var stepsToQuestion = Self.stepsOfQuestion
  private static let stepsOfQuestion = 4_096

  init(_ survey: GrammarSurvey, _ limits: GrammarLimits, _ shouldStop: @escaping () -> Bool) {
    (self.limits, self.shouldStop) = (limits, shouldStop)
    table = LanguageTable(classes: ByteClasses(survey.sets), searchLimit: limits.states, searchSteps: limits.steps)
  }

  /// Reads the grammar that was surveyed.
  mutating func read(_ grammar: Grammar) throws(GrammarError) {
    let flat = try FlatGrammar(grammar) { (terminal) throws(GrammarError) in try read(terminal, isWithinBoolean: false)
    }
    table.nullableRules = try flat.rules {
      table.has(.nullable, $0)
    } _: { list, _ in
      list.mayBeEmpty
    }
    let productive = try flat.rules {
      $0 != LanguageTable.nothing
    } _: { (list, isReady) throws(GrammarError) in
      let steps = list.ways.count
      table.work += steps
      try checkWork(steps)
      return MemberStates.canBeWritten(list, with: isReady)
    }
    bodies = Array(repeating: LanguageTable.nothing, count: grammar.rules.count)
    try build(flat, productive)
    if table.optionalSteps > limits.optionalSteps {
      throw .tooLarge(
        what: "steps over parts one after the other that may all be left out", limit: limits.optionalSteps)
    }
  }

  /// From the last part to the first: a part's own parts are then the last ones that were made.
  private mutating func build(_ flat: FlatGrammar, _ productive: [Bool]) throws(GrammarError) {
    var made: [LanguageID] = []
    for part in flat.parts.reversed() {
      try checkWork()
      let language: LanguageID
      switch part.kind {
      case .terminal(let terminal): language = terminal
      case .call(let rule): language = productive[rule] ? table.call(rule) : LanguageTable.nothing
      case .sequence(let count):
        language = made.suffix(count).reduce(LanguageTable.empty) { table.sequence(.join, $1, $0) }
        made.removeLast(count)
      case .choice(let count):
        language = table.union(Array(made.suffix(count)))
        made.removeLast(count)
      case .repetition(let atLeast, let atMost):
        language = table.repetition(made.removeLast(), atLeast: atLeast, atMost: atMost)
      case .way: continue
      case .members(let list, let separator): language = try members(flat.lists[list], separator, &made)
      }
      if part.parent < 0 { bodies[-1 - part.parent] = language } else { made.append(language) }
    }
  }

  /// A list whose ways were made last, the first one last of all.
  private mutating func members(
    _ list: MemberList, _ separator: LanguageID, _ made: inout [LanguageID]
  ) throws(GrammarError) -> LanguageID {
    let ways = Array(made.suffix(list.ways.count).reversed())
    made.removeLast(ways.count)
    let isEmptyAllowed = (ways + [separator]).contains { table.has(.nullable, $0) }
    if isEmptyAllowed || separator == LanguageTable.nothing {
      throw .unsupported(what: "a list with a member or a separator that may be empty")
    }
    let language = table.members(MemberStates.List(list, ways, separator: separator))
    if table.memberStates.mostSteps > limits.memberSteps {
      throw .tooLarge(what: "steps to see which members of an object may come", limit: limits.memberSteps)
    }
    return language
  }

  private mutating func read(_ language: RegularLanguage, isWithinBoolean: Bool) throws(GrammarError) -> LanguageID {
    try checkWork()
    switch language {
    case .byte(let set): return table.bytes(set)
    case .string(let bytes):
      return bytes.reversed().reduce(LanguageTable.empty) { rest, byte in
        table.sequence(.concatenation, letter(byte), rest)
      }
    case .concatenation(let parts):
      var result = LanguageTable.empty
      for part in parts.reversed() {
        result = table.sequence(.concatenation, try read(part, isWithinBoolean: isWithinBoolean), result)
      }
      return result
    case .union(let parts):
      return table.union(try read(parts, isWithinBoolean: isWithinBoolean))
    case .intersection(let parts):
      return try live(table.intersection(try read(parts, isWithinBoolean: true)), isWithinBoolean)
    case .complement(let part):
      return try live(table.complement(try read(part, isWithinBoolean: true)), isWithinBoolean)
    case .repetition(let part, let atLeast, let atMost):
      return table.repetition(
        try read(part, isWithinBoolean: isWithinBoolean), atLeast: LanguageNode.count(atLeast),
        atMost: LanguageNode.count(atMost))
    }
  }

  private mutating func letter(_ byte: UInt8) -> LanguageID {
    if let known = letters[Int(byte)] { return known }
    let language = table.bytes(ByteSet(CollectionOfOne(byte)))
    letters[Int(byte)] = language
    return language
  }

  private mutating func read(
    _ parts: [RegularLanguage], isWithinBoolean: Bool
  ) throws(GrammarError) -> [LanguageID] {
    var result: [LanguageID] = []
    for part in parts { result.append(try read(part, isWithinBoolean: isWithinBoolean)) }
    return result
  }

  /// The language, or nothing where it has no string.
  private mutating func live(_ language: LanguageID, _ isWithinBoolean: Bool) throws(GrammarError) -> LanguageID {
    if isWithinBoolean { return language }
    // All searches together.
    table.searchSteps = max(0, limits.steps - table.work)
    let isLive = table.isLive(language)
    if table.gaveUp {
      try checkWork()
      throw .tooLarge(what: "states of an intersection or a complement", limit: limits.states)
    }
    return isLive ? language : LanguageTable.nothing
  }

  private mutating func checkWork(_ steps: Int = 1) throws(GrammarError) {
    stepsToQuestion -= steps
    if stepsToQuestion <= 0 {
      stepsToQuestion = Self.stepsOfQuestion
      if shouldStop() { throw .stopped }
    }
    if table.work > limits.steps { throw .tooLarge(what: "steps to read the grammar", limit: limits.steps) }
  }
}
