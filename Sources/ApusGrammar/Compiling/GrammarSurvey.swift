/// What a grammar consists of, counted before anything is built from it.
struct GrammarSurvey {
  private var table = ByteSetTable()
  /// The bytes of strings.
  private var letters = ByteSet()
  private var parts = 0
  private let limits: GrammarLimits

  init(_ grammar: Grammar, _ limits: GrammarLimits) throws(GrammarError) {
    self.limits = limits
    for rule in grammar.rules {
      if let expression = rule.expression { try count(expression, depth: 0) }
    }
    letters.forEach { _ = table.number(of: ByteSet(CollectionOfOne($0))) }
  }

  /// The sets that its terminals are made of.
  var sets: [ByteSet] { table.sets }

  private mutating func enter(_ depth: Int, parts count: Int = 1) throws(GrammarError) {
    parts += count
    if parts > limits.parts { throw .tooLarge(what: "parts of the grammar", limit: limits.parts) }
    if depth > limits.depth { throw .tooLarge(what: "nesting", limit: limits.depth) }
  }

  private mutating func count(_ expression: Grammar.Expression, depth: Int) throws(GrammarError) {
    try enter(depth)
    switch expression {
    case .terminal(let language): try count(language, depth: 0)
    case .rule: break
    case .sequence(let parts), .choice(let parts): for part in parts { try count(part, depth: depth + 1) }
    case .repetition(let part, let atLeast, let atMost):
      try check(atLeast, atMost)
      try count(part, depth: depth + 1)
    case .members(let list):
      try check(list.atLeast, list.atMost)
      let ways = list.ways
      guard max(ways.count, list.members.count) <= limits.ways else {
        throw .tooLarge(what: "members of an object, with the ways to write them", limit: limits.ways)
      }
      guard list.demands >> UInt32(limits.demands) == 0 else {
        throw .tooLarge(what: "demands of an object", limit: limits.demands)
      }
      try count(list.separator, depth: 0)
      for way in ways { try count(way.expression, depth: depth + 1) }
    }
  }

  private mutating func count(_ language: RegularLanguage, depth: Int) throws(GrammarError) {
    if case .string(let bytes) = language {
      try enter(depth, parts: bytes.count + 1)
      for byte in bytes { letters.insert(byte) }
      return
    }
    try enter(depth)
    switch language {
    case .string: break
    case .byte(let set): _ = table.number(of: set)
    case .concatenation(let parts), .union(let parts), .intersection(let parts):
      for part in parts { try count(part, depth: depth + 1) }
    case .complement(let part): try count(part, depth: depth + 1)
    case .repetition(let part, let atLeast, let atMost):
      try check(atLeast, atMost)
      try count(part, depth: depth + 1)
    }
  }

  private func check(_ atLeast: Int, _ atMost: Int?) throws(GrammarError) {
    let limit = Int(LanguageNode.endless) - 1
    if max(atLeast, atMost ?? 0) > limit { throw .tooLarge(what: "repetitions", limit: limit) }
  }
}
