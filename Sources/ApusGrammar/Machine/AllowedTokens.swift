internal import ApusCore

/// The tokens that may follow a configuration: those of terminals, which all grammars share, and others.
struct AllowedTokens {
  var terminals: [TerminalTokens] = []
  var others = TokenSet()

  var byteCount: Int { 96 + terminals.count * 8 + others.byteCount }

  func fill(_ mask: inout TokenMask, _ trie: TokenTrie) {
    mask.removeAll()
    for terminal in terminals { terminal.inside.add(to: &mask) }
    others.add(to: &mask)
    for twin in trie.twins where mask[twin.first] { mask[twin.other] = true }
  }
}

/// The tokens that may follow configurations, for the vocabulary that asked last.
struct MaskCache {
  private var trie: TokenTrie?
  private var known: [ConfigurationID: AllowedTokens] = [:]
  private(set) var byteCount = 0

  init(trie: TokenTrie? = nil) { self.trie = trie }

  subscript(configuration: ConfigurationID, trie: TokenTrie) -> AllowedTokens? {
    trie === self.trie ? known[configuration] : nil
  }

  mutating func insert(_ tokens: AllowedTokens, for configuration: ConfigurationID, _ trie: TokenTrie) {
    if trie !== self.trie { self = MaskCache(trie: trie) }
    known[configuration] = tokens
    byteCount += tokens.byteCount
  }
}
