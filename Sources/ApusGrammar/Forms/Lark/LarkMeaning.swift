internal import ApusText

/// From a Lark grammar to rules: terminals become regular languages, each followed by what is ignored.
struct LarkMeaning {
  private var table = RuleTable()
  private var definitions: [String: LarkGrammar.Definition] = [:]
  private var terminals: [String: SizedLanguage] = [:]
  /// Terminals whose definitions are being looked at.
  private var open: Set<String> = []
  private var ignored = SizedLanguage.empty
  /// Parts in parts that are being looked at, over all open terminals.
  private var depth = 0

  static func grammar(of source: LarkGrammar) throws(GrammarError) -> Grammar {
    var meaning = LarkMeaning()
    for definition in source.definitions {
      guard meaning.definitions.updateValue(definition, forKey: definition.name) == nil else {
        throw .syntax(
          reason: "this name is defined twice: remove one, or join them with '|'", offset: definition.offset)
      }
    }
    var ignored: [SizedLanguage] = []
    for expression in source.ignored { ignored.append(try meaning.language(of: expression)) }
    meaning.ignored = try .union(ignored).repeated(atLeast: 0, atMost: nil)
    for definition in source.definitions { try meaning.define(definition) }
    return try meaning.wholeTexts(end: source.byteCount)
  }

  private mutating func define(_ definition: LarkGrammar.Definition) throws(GrammarError) {
    let expression =
      LarkGrammar.isTerminal(definition.name)
      ? try token(language(ofTerminal: definition.name, at: definition.offset))
      : try rules(definition.expression)
    try table.define(definition.name, at: definition.offset, as: expression)
  }

  /// What is ignored may stand at the beginning too.
  private mutating func wholeTexts(end: Int) throws(GrammarError) -> Grammar {
    guard definitions["start"] != nil else {
      throw .syntax(reason: "no rule is named 'start': name the one so that a whole text follows", offset: end)
    }
    guard !ignored.isEmptyString else { return try table.grammar(root: "start", end: end) }
    let start = table.rule("start", at: end)
    // No name has a blank in it.
    let whole = "whole text"
    try table.define(whole, at: end, as: .sequence([.terminal(ignored.language), .rule(start)]))
    return try table.grammar(root: whole, end: end)
  }

  private func token(_ language: SizedLanguage) throws(GrammarError) -> Grammar.Expression {
    .terminal(try SizedLanguage.concatenation([language, ignored]).language)
  }

  private mutating func goDeeper() throws(GrammarError) {
    guard depth < RegularLanguage.depthLimit else {
      throw .tooLarge(what: "parts in parts of a grammar", limit: RegularLanguage.depthLimit)
    }
    depth += 1
  }

  // MARK: Rules

  private mutating func rules(_ expression: LarkExpression) throws(GrammarError) -> Grammar.Expression {
    try goDeeper()
    defer { depth -= 1 }
    switch expression {
    case .name(let name, let offset): return .rule(table.rule(name, at: offset))
    case .sequence(let parts): return .sequence(try all(parts))
    case .choice(let parts): return .choice(try all(parts))
    case .repetition(let part, let counts):
      return .repetition(try rules(part), atLeast: counts.atLeast, atMost: counts.atMost)
    case .string("", _): return .sequence([])
    case .string, .range, .pattern: return try token(language(of: expression))
    }
  }

  private mutating func all(_ parts: [LarkExpression]) throws(GrammarError) -> [Grammar.Expression] {
    var result: [Grammar.Expression] = []
    for part in parts { result.append(try rules(part)) }
    return result
  }

  // MARK: Terminals

  private mutating func language(of expression: LarkExpression) throws(GrammarError) -> SizedLanguage {
    try goDeeper()
    defer { depth -= 1 }
    switch expression {
    case .string(let text, let ignoringCase):
      guard ignoringCase else { return try SizedLanguage(.literal(text.utf8)) }
      return try SizedLanguage(.concatenation(text.unicodeScalars.map { ScalarSet($0).ignoringCase.utf8 }))
    case .range(let set): return try SizedLanguage(set.utf8)
    case .pattern(let pattern, _): return try SizedLanguage(pattern.language(.whole))
    case .name(let name, let offset):
      guard LarkGrammar.isTerminal(name) else {
        throw .syntax(reason: "a terminal is made of terminals: this is a rule", offset: offset)
      }
      return try language(ofTerminal: name, at: offset)
    case .sequence(let parts): return try .concatenation(languages(of: parts))
    case .choice(let parts): return try .union(languages(of: parts))
    case .repetition(let part, let counts):
      return try language(of: part).repeated(atLeast: counts.atLeast, atMost: counts.atMost)
    }
  }

  private mutating func languages(of parts: [LarkExpression]) throws(GrammarError) -> [SizedLanguage] {
    var result: [SizedLanguage] = []
    for part in parts { result.append(try language(of: part)) }
    return result
  }

  private mutating func language(ofTerminal name: String, at offset: Int) throws(GrammarError) -> SizedLanguage {
    if let known = terminals[name] { return known }
    guard let definition = definitions[name] else {
      throw .syntax(reason: "'\(printable(name, limit: 64))' is used here and defined nowhere", offset: offset)
    }
    guard !open.contains(name) else {
      throw .syntax(
        reason: "this terminal is made of itself: write it as a rule, in lower case", offset: definition.offset)
    }
    open.insert(name)
    let language = try language(of: definition.expression)
    open.remove(name)
    terminals[name] = language
    return language
  }
}
