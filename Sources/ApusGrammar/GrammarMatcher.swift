package import ApusCore

/// One text's place in a grammar: a value, cheap to copy.
///
/// A token or byte is allowed where some text of the grammar goes on with it; so whatever is accepted can be completed.
package struct GrammarMatcher: Sendable {
  private let grammar: CompiledGrammar
  private let trie: TokenTrie
  private var machine: SharedMachine
  private var place: ConfigurationID

  /// The beginning of a text.
  package init(_ grammar: CompiledGrammar, _ trie: TokenTrie) {
    self.grammar = grammar
    self.trie = trie
    machine = grammar.machine
    place = machine.start
  }

  /// Goes on with a token; false, and nothing changes, where it is not allowed, as a token without bytes never is.
  package mutating func accept(_ token: Token) -> Bool {
    let bytes = trie.bytes(of: token)
    return !bytes.isEmpty && accept(bytes: bytes)
  }

  /// Goes on with some bytes; false, and nothing changes, where they are not allowed.
  package mutating func accept(bytes: some Collection<UInt8>) -> Bool {
    let end = use { machine, start in
      var next = start
      for byte in bytes {
        next = machine.step(next, byte)
        if next == Configurations.dead { break }
      }
      return next
    }
    guard end != Configurations.dead else { return false }
    place = end
    return true
  }

  /// Makes `mask` exactly the tokens that `accept` would take.
  package mutating func fill(_ mask: inout TokenMask) {
    precondition(mask.vocabularySize == trie.vocabularySize, "a mask for another vocabulary")
    let trie = trie
    use { $0.allowedTokens($1, trie) }.fill(&mask, trie)
  }

  /// Uses the machine, or where it is full another one, into which this place moves.
  private mutating func use<Result: Sendable>(_ body: (inout Machine, ConfigurationID) -> Result) -> Result {
    while let extract = machine.use({ [place] in $0.isFull ? MachineExtract(place, of: $0) : nil }) {
      machine = grammar.machine(after: machine)
      place = machine.use { $0.take(extract) }
    }
    return machine.use { [place] in body(&$0, place) }
  }

  /// Whether the text so far is a whole text.
  package var canEnd: Bool { machine.use { [place] in $0.canEnd(place) } }

  /// Whether nothing but the end can follow.
  package var isComplete: Bool { machine.use { [place] in $0.isComplete(place) } }

  /// The bytes that every way on begins with; none where the text can end.
  package func forcedBytes(atMost limit: Int) -> [UInt8] {
    machine.use { [place] machine in
      var result: [UInt8] = []
      var next = place
      while result.count < limit, let byte = machine.forcedByte(next) {
        result.append(byte)
        next = machine.step(next, byte)
      }
      return result
    }
  }
}
