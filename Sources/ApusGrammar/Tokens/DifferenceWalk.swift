internal import ApusCore

/// Finds where a state of a terminal and a larger one differ in the tree of tokens.
///
/// It goes down only as long as what is left of both is not the same: with the names that a key must not be, along the
/// beginnings of these names.
struct DifferenceWalk {
  /// Parts of the tree that are of the larger one only.
  private(set) var removed: [Range<Int>] = []
  /// Nodes that are of both, with what is left not the same, and whether the smaller one can end there.
  private(set) var changed: [(node: Int32, isEnd: Bool)] = []

  init(_ language: LanguageID, _ larger: LanguageID, _ trie: TokenTrie, _ table: inout LanguageTable, byteLimit: Int) {
    var way = Array(repeating: (language, larger), count: trie.depth + 1)
    var index = 0
    while index < trie.nodes.count {
      if index & 255 == 0, table.byteCount > byteLimit {
        removed.append(index..<trie.nodes.count)
        break
      }
      let node = trie.nodes[index]
      let depth = Int(node.depth)
      let `class` = Int(table.classes.classOfByte[Int(node.byte)])
      let rest = table.derivative(way[depth - 1].0, `class`)
      let larger = table.derivative(way[depth - 1].1, `class`)
      if rest != larger, rest != LanguageTable.nothing {
        way[depth] = (rest, larger)
        changed.append((Int32(index), table.has(.nullable, rest)))
        index += 1
      } else {
        if rest != larger { removed.append(index..<Int(node.end)) }
        index = Int(node.end)
      }
    }
  }
}
