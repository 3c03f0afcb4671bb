internal import ApusGrammar
internal import Testing

struct GrammarTests {
  @Test func aByteSetHasWhatWasPutIn() {
    let set = ByteSet(Array("az\u{00FF}".utf8))
    #expect((0...255).filter { set.contains(UInt8($0)) } == [0x61, 0x7A, 0xBF, 0xC3])
    #expect(ByteSet().isEmpty && !set.isEmpty)
  }

  @Test func aRuleMayBeReferredToBeforeItIsDefined() {
    var grammar = Grammar()
    let list = grammar.declare("list")
    let item = grammar.add("item", .terminal(.literal("x".utf8)))
    grammar.define(list, as: .choice([.sequence([]), .sequence([.rule(item), .rule(list)])]))
    #expect(grammar.root == list)
    #expect(grammar.rules.map(\.name) == ["list", "item"])
    #expect(grammar.rules.allSatisfy { $0.expression != nil })
  }

  @Test func aGrammarTakesInAnother() throws {
    var inner = Grammar()
    let item = inner.declare("item")
    inner.root = inner.add(
      "list",
      .members(
        MemberList(
          [.init([.init(.rule(item))], isRequired: true)], others: [.init(.terminal(.literal("o".utf8)))],
          separator: .literal(",".utf8))))
    inner.define(item, as: .repetition(.terminal(.literal("x".utf8)), atLeast: 1, atMost: 2))
    var outer = Grammar()
    let root = outer.declare("root")
    let (first, second) = (outer.take(inner), outer.take(inner))
    outer.define(root, as: .sequence([.rule(first), .terminal(.literal(";".utf8)), .rule(second)]))
    #expect(outer.rules.map(\.name) == ["root", "item", "list", "item", "list"])
    let start = GrammarMatcher(try CompiledGrammar(outer), TokenTrie(count: 0) { _ in nil })
    for (text, isIn) in [("x;xx", true), ("x,o;o,xx,o", true), ("o;x", false), ("x", false), ("xxx;x", false)] {
      var matcher = start
      let isTaken = matcher.accept(bytes: Array(text.utf8))
      #expect((isTaken && matcher.canEnd) == isIn, "\(text)")
    }
  }

  @Test func aTextStandsBeforeAMarkThatIsFoundBehindIt() throws {
    for (mark, text, isIn) in [
      ("<|>", "a<|", true), ("<|>", "a<|>b", false), ("<|>", "", true), ("aba", "ab", false), ("aba", "b", true),
    ] {
      let grammar = Grammar(.before(mark: Array(mark.utf8)))
      var matcher = GrammarMatcher(try CompiledGrammar(grammar), TokenTrie(count: 0) { _ in nil })
      let isTaken = matcher.accept(bytes: Array(text.utf8))
      #expect((isTaken && matcher.canEnd) == isIn, "\(text) before \(mark)")
    }
  }
}
