internal import ApusCore

extension Machine {
  /// The tokens that may follow.
  mutating func allowedTokens(_ configuration: ConfigurationID, _ trie: TokenTrie) -> AllowedTokens {
    if let known = masks[configuration, trie] { return known }
    let found = findTokens(configuration, trie)
    masks.insert(found, for: configuration, trie)
    return found
  }

  private mutating func findTokens(_ configuration: ConfigurationID, _ trie: TokenTrie) -> AllowedTokens {
    let parts = ReadingParts(configuration, &self)
    var found: [Token] = []
    var result = AllowedTokens()
    if !parts.others.isEmpty {
      let others = parts.terminals.isEmpty ? configuration : configurations.insert(parts.others, canEnd: false, table)
      walk(from: others, trie.nodes.indices, trie, &found)
    }
    for terminal in parts.terminals {
      let tokens = tokens(of: terminal.language, trie)
      result.terminals.append(tokens)
      guard !configurations.readings(of: terminal.after).isEmpty else { continue }
      for exit in tokens.exits {
        walk(from: terminal.after, Int(exit) + 1..<Int(trie.nodes[Int(exit)].end), trie, &found)
      }
    }
    result.others = TokenSet(found, vocabularySize: trie.vocabularySize)
    return result
  }

  /// Walks a part of the tree whose topmost nodes lie right below where `configuration` is.
  private mutating func walk(
    from configuration: ConfigurationID, _ range: Range<Int>, _ trie: TokenTrie, _ found: inout [Token]
  ) {
    guard let first = range.first else { return }
    let base = Int(trie.nodes[first].depth)
    // The configuration at each depth of the way to a node.
    var way = [configuration]
    var index = first
    while index < range.upperBound {
      if index & 255 == 0, isOverfull { return }
      let node = trie.nodes[index]
      let depth = Int(node.depth) - base
      let next = step(way[depth], node.byte)
      guard next != Configurations.dead else {
        index = Int(node.end)
        continue
      }
      if node.token >= 0 { found.append(node.token) }
      if way.count == depth + 1 { way.append(next) } else { way[depth + 1] = next }
      index += 1
    }
  }

  /// What the vocabulary has for a state of a terminal.
  private mutating func tokens(of terminal: LanguageID, _ trie: TokenTrie) -> TerminalTokens {
    let mark = table.marks[Int(terminal)]
    if let known = trie.terminals[mark] { return known }
    let larger = table.forgettingComplements(terminal)
    let tokens =
      larger == terminal
      ? tokens(ofCounted: terminal, trie)
      : TerminalTokens(
        tokens(of: larger, trie), DifferenceWalk(terminal, larger, trie, &table, byteLimit: mostBytes), trie)
    if !isOverfull { trie.terminals.insert(tokens, for: mark) }
    return tokens
  }

  /// Short tokens are those of a language without the count, which many states have in common.
  private mutating func tokens(ofCounted terminal: LanguageID, _ trie: TokenTrie) -> TerminalTokens {
    let count = min(Int(table.greatestCount(terminal)), trie.depth)
    let short = table.forgettingCounts(terminal, upTo: Int32(count))
    let isCounted = count > 1 && short != terminal
    let length = isCounted ? count : 0
    let base = isCounted ? tokens(of: short, trie) : nil
    var walk = TerminalWalk(terminal, trie, longerThan: length, classes: table.classes.count)
    let found = walk.run(&table, byteLimit: mostBytes)
    return TerminalTokens(found.inside, found.exits, base, upTo: length, trie)
  }
}
