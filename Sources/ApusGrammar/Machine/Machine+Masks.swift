internal import ApusCore

extension Machine {
  /// The tokens that may follow.
  mutating func tokens(after configuration: ConfigurationID, _ trie: TokenTrie) -> [Token] {
    var found: [Token] = []
    walk(from: configuration, 0..<trie.nodes.count, trie, &found)
    return found
  }

  /// Walks a part of the tree, whose nodes lie right below where `configuration` is.
  private mutating func walk(
    from configuration: ConfigurationID, _ range: Range<Int>, _ trie: TokenTrie, _ found: inout [Token]
  ) {
    guard let first = range.first else { return }
    let base = trie.nodes[first].depth
    // The configuration at each depth of the way to the node.
    var way = [configuration]
    var index = first
    while index < range.upperBound {
      let node = trie.nodes[index]
      let depth = Int(node.depth - base)
      let next = step(way[depth], node.byte)
      guard next != Configurations.dead else {
        index = Int(node.end)
        continue
      }
      if node.token >= 0 { found.append(node.token) }
      way.removeLast(way.count - depth - 1)
      way.append(next)
      index += 1
    }
  }
}
