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
}
