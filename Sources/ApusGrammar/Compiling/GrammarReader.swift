/// Makes languages of a grammar's rules.
///
/// Recursion goes as deep as a grammar is nested, which `GrammarSurvey` has bounded.
struct GrammarReader {
  private(set) var table: LanguageTable
  /// The language of each rule.
  private(set) var bodies: [LanguageID] = []
  private let limits: GrammarLimits

  init(_ grammar: Grammar, _ limits: GrammarLimits) throws(GrammarError) {
    self.limits = limits
    let survey = try GrammarSurvey(grammar, limits)
    table = LanguageTable(classes: ByteClasses(survey.sets), searchLimit: limits.states)
    let flat = try FlatGrammar(grammar) { (terminal) throws(GrammarError) in try read(terminal, isWithinBoolean: false)
    }
    table.nullableRules = flat.rules { [table] in table.has(.nullable, $0) }
    let productive = flat.rules { $0 != LanguageTable.nothing }
    bodies = Array(repeating: LanguageTable.nothing, count: grammar.rules.count)
    try build(flat, productive)
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
      }
      if part.parent < 0 { bodies[-1 - part.parent] = language } else { made.append(language) }
    }
  }

  private mutating func read(_ language: RegularLanguage, isWithinBoolean: Bool) throws(GrammarError) -> LanguageID {
    try checkWork()
    switch language {
    case .byte(let set): return table.bytes(set)
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
    let isLive = table.isLive(language)
    if table.gaveUp { throw .tooLarge(what: "states of an intersection or a complement", limit: limits.states) }
    return isLive ? language : LanguageTable.nothing
  }

  private func checkWork() throws(GrammarError) {
    if table.work > limits.steps { throw .tooLarge(what: "steps to read the grammar", limit: limits.steps) }
  }
}
