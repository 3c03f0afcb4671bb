internal import ApusCore
internal import ApusGrammar
internal import Testing

private let letters = TokenTrie(count: 26) { [97 + UInt8($0)] }

private func grammar(_ make: (inout Grammar, Grammar.RuleID) -> Grammar.Expression) -> Grammar {
  var grammar = Grammar()
  let root = grammar.declare("root")
  grammar.define(root, as: make(&grammar, root))
  return grammar
}

private func letter(_ text: String) -> Grammar.Expression { .terminal(.literal(text.utf8)) }

private let anyLetter = RegularLanguage.byte(ByteSet(97...122))

private func isAccepted(_ token: Token, _ matcher: inout GrammarMatcher) -> Bool { matcher.accept(token) }

/// One grammar twice, within limits and with those that it has by itself, read with the same tokens.
private struct BoundedAndFree {
  let bounded: CompiledGrammar
  let free: CompiledGrammar
  private(set) var matchers: (bounded: GrammarMatcher, free: GrammarMatcher)
  private var masks = (
    bounded: TokenMask(vocabularySize: 26, allowingAll: false), free: TokenMask(vocabularySize: 26, allowingAll: false)
  )

  init(_ grammar: Grammar, _ limits: GrammarLimits) throws {
    (bounded, free) = (try CompiledGrammar(grammar, limits: limits), try CompiledGrammar(grammar))
    matchers = (GrammarMatcher(bounded, letters), GrammarMatcher(free, letters))
  }

  mutating func accept(_ token: Token) throws {
    try #require(isAccepted(token, &matchers.bounded))
    try #require(isAccepted(token, &matchers.free))
  }

  mutating func compareMasks() {
    matchers.bounded.fill(&masks.bounded)
    matchers.free.fill(&masks.free)
    #expect(masks.bounded == masks.free)
  }
}

struct GrammarBoundTests {
  /// Each of 20,000 steps is a place that was never seen before; the same steps without a bound give the same masks.
  @Test func aLongTextTakesNoMoreMemoryThanIsAllowed() throws {
    let list = grammar { grammar, _ in
      let word = grammar.declare("word")
      grammar.define(
        word,
        as: .choice([
          .terminal(.repetition(anyLetter, atLeast: 1, atMost: 50_000)),
          .sequence([letter("("), .rule(word), letter(")")]),
        ]))
      return .rule(word)
    }
    var limits = GrammarLimits()
    limits.cacheBytes = 200_000
    var both = try BoundedAndFree(list, limits)
    let atFirst = both.bounded.byteCount
    for step in 0..<20_000 {
      try both.accept(Token(step * step % 26))
      if step.isMultiple(of: 100) { both.compareMasks() }
      #expect(both.bounded.byteCount < atFirst + 2 * limits.cacheBytes)
    }
    #expect(both.free.byteCount > 5 * limits.cacheBytes)
  }

  /// Each place of this text can be read in very many ways.
  @Test func ambiguityDoesNotExplode() throws {
    let ambiguous = grammar { _, root in
      .choice([
        .sequence([.rule(root), .rule(root)]), .sequence([.rule(root), .rule(root), .rule(root)]), letter("a"),
        .sequence([]),
      ])
    }
    let compiled = try CompiledGrammar(ambiguous)
    var matcher = GrammarMatcher(compiled, letters)
    for _ in 0..<2_000 { try #require(isAccepted(0, &matcher) && matcher.canEnd) }
    #expect(compiled.byteCount < 1_000_000)
  }

  @Test func palindromesAreReadInAllWaysAtOnce() throws {
    let palindromes = grammar { _, root in
      .choice([
        .sequence([letter("a"), .rule(root), letter("a")]), .sequence([letter("b"), .rule(root), letter("b")]),
        letter("c"), .sequence([]),
      ])
    }
    var matcher = GrammarMatcher(try CompiledGrammar(palindromes), letters)
    let half = (0..<200).map { Token($0 % 7 % 2) }
    for token in half + half.reversed() { try #require(isAccepted(token, &matcher)) }
    #expect(matcher.canEnd)
  }

  @Test func recursionAtTheEndTakesNoStack() throws {
    let list = grammar { _, root in .choice([.sequence([letter("a"), .rule(root)]), letter("b")]) }
    let compiled = try CompiledGrammar(list)
    var matcher = GrammarMatcher(compiled, letters)
    try #require(isAccepted(0, &matcher))
    let atFirst = compiled.byteCount
    for _ in 0..<1_000 { try #require(isAccepted(0, &matcher)) }
    #expect(compiled.byteCount == atFirst)
  }

  @Test func countsAreNotWrittenOut() throws {
    var language = anyLetter
    for _ in 0..<20 { language = .repetition(language, atLeast: 100, atMost: 1_000) }
    let compiled = try CompiledGrammar(Grammar(language))
    #expect(compiled.byteCount < 200_000)
    var matcher = GrammarMatcher(compiled, letters)
    for step in 0..<1_000 { try #require(isAccepted(Token(step % 26), &matcher) && !matcher.canEnd) }
  }

  @Test func whatIsTooLargeIsRefused() {
    let any = RegularLanguage.repetition(.byte(.all), atLeast: 0, atMost: nil)
    let a = RegularLanguage.byte(ByteSet([97]))
    // Its search meets two to the power of forty states.
    func nth(_ count: Int) -> RegularLanguage {
      .concatenation([any, a, .repetition(.byte(.all), atLeast: count, atMost: count)])
    }
    let hard = RegularLanguage.intersection([nth(40), .complement(nth(40))])
    #expect(throws: GrammarError.self) { try CompiledGrammar(Grammar(hard)) }
    var few = GrammarLimits()
    few.steps = 20_000
    #expect(throws: GrammarError.tooLarge(what: "steps to read the grammar", limit: 20_000)) {
      try CompiledGrammar(Grammar(hard), limits: few)
    }
    var deep = a
    for _ in 0..<300 { deep = .complement(.concatenation([deep, a])) }
    #expect(throws: GrammarError.tooLarge(what: "nesting", limit: 256)) { try CompiledGrammar(Grammar(deep)) }
    let wide = RegularLanguage.literal(Array(repeating: 97, count: 500_000))
    #expect(throws: GrammarError.self) { try CompiledGrammar(Grammar(wide)) }
    let endless = RegularLanguage.repetition(a, atLeast: .max, atMost: nil)
    #expect(throws: GrammarError.self) { try CompiledGrammar(Grammar(endless)) }
  }

  @Test func whatHasNoTextIsEmpty() {
    #expect(throws: GrammarError.empty) { try CompiledGrammar(Grammar(.nothing)) }
    #expect(throws: GrammarError.empty) { try CompiledGrammar(Grammar()) }
    let endless = grammar { _, root in .sequence([letter("a"), .rule(root)]) }
    #expect(throws: GrammarError.empty) { try CompiledGrammar(endless) }
    let none = RegularLanguage.intersection([.literal("a".utf8), .complement(.literal("a".utf8))])
    #expect(throws: GrammarError.empty) { try CompiledGrammar(Grammar(none)) }
  }

  /// What is found out about a list takes more than is allowed, so its states move to fresh machines on the way.
  @Test(arguments: [true, false]) func aListOfManyMembersTakesNoMoreMemoryThanIsAllowed(keepsOrder: Bool) throws {
    let items = grammar { _, _ in
      let members = (97..<123 as Range<UInt8>).map { letter in
        MemberList.Member([.init(.terminal(.literal([letter, letter])))], isRequired: letter % 3 == 0)
      }
      var list = MemberList(members, separator: .literal("a".utf8))
      list.atLeast = 20
      list.keepsOrder = keepsOrder
      return .members(list)
    }
    var limits = GrammarLimits()
    limits.cacheBytes = 20_000
    var both = try BoundedAndFree(items, limits)
    let atFirst = both.bounded.byteCount
    let order = keepsOrder ? Array(0..<26) : (0..<26).map { $0 * 7 % 26 }
    for (step, member) in order.enumerated() {
      for token in (step == 0 ? [] : [0]) + [Token(member), Token(member)] {
        both.compareMasks()
        try both.accept(token)
        #expect(both.bounded.byteCount < atFirst + 2 * limits.cacheBytes)
      }
      #expect(both.matchers.bounded.canEnd == both.matchers.free.canEnd)
    }
    let ends = both.matchers
    #expect(ends.free.isComplete && ends.free.canEnd && ends.bounded.isComplete)
    #expect(both.free.byteCount > atFirst + 2 * limits.cacheBytes)
  }

  @Test func listsThatAreTooLargeAreRefused() {
    func members(_ count: Int) -> MemberList {
      let members = (0..<count).map { MemberList.Member([.init(.terminal(.literal("\($0)".utf8)))], isRequired: false) }
      return MemberList(members, separator: .literal(",".utf8))
    }
    #expect(throws: Never.self) { try CompiledGrammar(grammar { _, _ in .members(members(4_000)) }) }
    #expect(throws: GrammarError.self) { try CompiledGrammar(grammar { _, _ in .members(members(5_000)) }) }
    var demanding = members(3)
    demanding.demands = 1 << 20
    #expect(throws: GrammarError.self) { try CompiledGrammar(grammar { _, _ in .members(demanding) }) }
    // Each member can meet three of eight demands, all of them others.
    let sets = (0..<256 as Range<UInt32>).filter { $0.nonzeroBitCount == 3 }
    var different = members(0)
    different.demands = 255
    different.members = sets.enumerated().map { number, set in
      .init([.init(.terminal(.literal("\(number)".utf8)), meets: set)], isRequired: false)
    }
    #expect(throws: GrammarError.self) { try CompiledGrammar(grammar { _, _ in .members(different) }) }
    different.keepsOrder = true
    #expect(throws: Never.self) { try CompiledGrammar(grammar { _, _ in .members(different) }) }
  }

  /// A list that needs all the others is looked at once they are known, and looks count.
  @Test func listsThatWaitForOthers() throws {
    func list(_ parts: [Grammar.Expression]) -> Grammar.Expression {
      var list = MemberList(
        parts.map { .init([.init($0)], isRequired: false) }, separator: .literal(",".utf8))
      list.atLeast = parts.count
      return .members(list)
    }
    /// `count` rules, each of one list of `size` members: those before it, as far as there is room, in an order that is
    /// not that of their numbers.
    func lists(_ count: Int, of size: Int) -> Grammar {
      grammar { grammar, _ in
        let numbered = (0..<count).map { grammar.declare("\($0)") }
        let rules = numbered.indices.map { numbered[$0 * 23 % count] }
        for (index, rule) in rules.enumerated() {
          let before = rules[..<index].suffix(size).map { Grammar.Expression.rule($0) }
          grammar.define(rule, as: list(before + Array(repeating: letter("a"), count: size - before.count)))
        }
        return list(rules.map { .rule($0) })
      }
    }
    var limits = GrammarLimits()
    limits.steps = 20_000
    let beside = lists(400, of: 1)
    let between = lists(60, of: 60)
    #expect(throws: Never.self) { try CompiledGrammar(beside, limits: limits) }
    #expect(throws: GrammarError.tooLarge(what: "steps to read the grammar", limit: 20_000)) {
      try CompiledGrammar(between, limits: limits)
    }
    #expect(throws: Never.self) { try CompiledGrammar(between) }
  }

  @Test func manyPartsThatMayBeLeftOut() throws {
    func parts(_ count: Int) -> [RegularLanguage] {
      Array(repeating: .repetition(anyLetter, atLeast: 0, atMost: 1), count: count)
    }
    var matcher = GrammarMatcher(try CompiledGrammar(Grammar(.concatenation(parts(600)))), letters)
    for _ in 0..<20 { try #require(isAccepted(3, &matcher) && matcher.canEnd) }
    // What counts is all of them together.
    #expect(throws: GrammarError.self) { try CompiledGrammar(Grammar(.concatenation(parts(700)))) }
    let several = (97..<103 as Range<UInt8>).map { letter in
      RegularLanguage.concatenation(parts(300) + [.literal([letter])])
    }
    #expect(throws: GrammarError.self) { try CompiledGrammar(Grammar(.union(several))) }
  }
}
