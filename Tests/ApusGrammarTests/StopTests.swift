internal import ApusGrammar
internal import Testing

/// Who needs a grammar no longer does not wait for it.
struct StopTests {
  /// A grammar that takes some ten thousand steps to read.
  private var large: Grammar {
    get throws {
      try GrammarText.gbnf("root ::= " + String(repeating: "\"abcdefghij\" [a-z] | ", count: 2_000) + "\"z\"").grammar
    }
  }

  @Test func `Compiling ends soon after it is told to`() throws {
    let large = try large
    var questions = 0
    #expect(throws: GrammarError.stopped) {
      try CompiledGrammar(large) {
        questions += 1
        return questions == 2
      }
    }
    #expect(questions == 2)
  }

  @Test func `Parts that may all be left out are bounded`() throws {
    func grammar(_ count: Int) throws -> Grammar {
      try GrammarText.gbnf("root ::= " + String(repeating: "\"a\"? ", count: count)).grammar
    }
    _ = try CompiledGrammar(grammar(600))
    #expect { try CompiledGrammar(grammar(700)) } throws: { error in
      if case GrammarError.tooLarge = error { true } else { false }
    }
  }

  @Test func `The size of a grammar is known while it is used`() throws {
    let compiled = try CompiledGrammar(large)
    let before = compiled.byteCount
    #expect(before > 0)
    let trie = TokenTrie(count: 256) { [UInt8($0)] }
    var matcher = GrammarMatcher(compiled, trie)
    let isAccepted = matcher.accept(bytes: Array("abcdefghij".utf8))
    #expect(isAccepted)
    #expect(compiled.byteCount > before)
  }
}
