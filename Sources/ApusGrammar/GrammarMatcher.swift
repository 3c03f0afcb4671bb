package import ApusCore

/// One text's place in a grammar: a value, cheap to copy.
///
/// A token or byte is allowed where some text of the grammar goes on with it; so whatever is accepted can be completed.
package struct GrammarMatcher: Sendable {
  private let grammar: CompiledGrammar
  private let trie: TokenTrie
  private let machine: SharedMachine
  private var place: ConfigurationID

  /// The beginning of a text.
  package init(_ grammar: CompiledGrammar, _ trie: TokenTrie) {
    self.grammar = grammar
    self.trie = trie
    machine = grammar.machine
    place = machine.use { $0.start }
  }

  /// Goes on with a token; false, and nothing changes, where it is not allowed. A token without bytes never is.
  package mutating func accept(_ token: Token) -> Bool {
    let bytes = trie.bytes(of: token)
    return !bytes.isEmpty && accept(bytes: bytes)
  }

  /// Goes on with some bytes; false, and nothing changes, where they are not allowed.
  package mutating func accept(bytes: some Collection<UInt8>) -> Bool {
    let start = place
    let end = machine.use { machine in
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
    mask.removeAll()
    let place = place
    let trie = trie
    let found = machine.use { $0.tokens(after: place, trie) }
    for token in found { mask[token] = true }
    for twin in trie.twins where mask[twin.first] { mask[twin.other] = true }
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
