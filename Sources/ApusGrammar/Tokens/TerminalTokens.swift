internal import ApusCore
internal import Synchronization

/// What a vocabulary has for one state of a terminal, whatever grammar it is in.
final class TerminalTokens: Sendable {
  /// The tokens that stay within the terminal, or end with it.
  let inside: TokenSet
  /// Nodes of the tree at which the terminal can end, where tokens go on that are not in `inside`.
  let exits: [Int32]

  /// What a walk found, and of another state the tokens and exits of up to `length` bytes.
  init(_ inside: [Token], _ exits: [Int32], _ base: TerminalTokens?, upTo length: Int, _ trie: TokenTrie) {
    guard let base else {
      self.inside = TokenSet(inside, vocabularySize: trie.vocabularySize)
      self.exits = exits
      return
    }
    self.inside = base.inside.intersection(trie.shortTokens(length)).union(inside)
    self.exits = Array(Set(exits).union(base.exits.lazy.filter { trie.nodes[Int($0)].depth <= length })).sorted()
  }

  /// Of a larger language's tokens, those that a walk did not find to be others.
  init(_ larger: TerminalTokens, _ difference: DifferenceWalk, _ trie: TokenTrie) {
    let removed = difference.removed.flatMap { trie.nodes[$0].lazy.map(\.token).filter { $0 >= 0 } }
    inside = larger.inside.subtracting(removed)
    let changed = Set(difference.changed.map(\.node))
    let kept = larger.exits.filter { exit in
      !changed.contains(exit) && !difference.removed.contains { $0.contains(Int(exit)) }
    }
    exits = kept + difference.changed.filter(\.isEnd).map(\.node)
  }

  var byteCount: Int { inside.byteCount + exits.count * 4 + 128 }
}

/// The terminals' tokens of one vocabulary, for all grammars; emptied when it is full.
final class TerminalCache: Sendable {
  private struct Contents {
    var known: [LanguageMark: TerminalTokens] = [:]
    var byteCount = 0
  }

  private let contents = Mutex(Contents())
  private let byteLimit: Int

  init(byteLimit: Int) { self.byteLimit = byteLimit }

  subscript(terminal: LanguageMark) -> TerminalTokens? {
    get { contents.withLock { $0.known[terminal] } }
  }

  func insert(_ tokens: TerminalTokens, for terminal: LanguageMark) {
    contents.withLock { contents in
      if contents.byteCount + tokens.byteCount > byteLimit { contents = Contents() }
      contents.known[terminal] = tokens
      contents.byteCount += tokens.byteCount
    }
  }
}
