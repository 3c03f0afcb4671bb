package import ApusCore

/// The bytes of a vocabulary's tokens as a tree; made once, shared by all grammars.
///
/// Nodes lie in the order in which one walks the tree, a node before those below it, so that what is below a node can be
/// skipped at once. Making it takes time that goes with the number of bytes of all tokens, and some 40 bytes a token.
package final class TokenTrie: Sendable {
  struct Node {
    let byte: UInt8
    /// How many bytes lead to it.
    let depth: Int32
    /// The first node that is not below it.
    let end: Int32
    /// The token that ends here; -1 is none.
    let token: Token
  }

  let vocabularySize: Int
  let nodes: [Node]
  /// The most bytes of a token.
  let depth: Int
  /// Tokens with the same bytes as another one that is in the tree.
  let twins: [(first: Token, other: Token)]
  private let starts: [Int]
  private let text: [UInt8]

  /// The tree of `count` tokens; nil or no bytes: a token that is never text.
  package init(count: Int, bytes: (Token) -> [UInt8]?) {
    vocabularySize = count
    var starts = [0]
    var text: [UInt8] = []
    for token in 0..<Token(count) {
      text += bytes(token) ?? []
      starts.append(text.count)
    }
    var builder = TrieBuilder(starts: starts, text: text)
    builder.build()
    self.starts = starts
    self.text = text
    nodes = builder.nodes
    twins = builder.twins
    depth = Int(builder.nodes.lazy.map(\.depth).max() ?? 0)
  }

  /// A token's bytes; none where it is never text.
  func bytes(of token: Token) -> ArraySlice<UInt8> {
    guard token >= 0, token < vocabularySize else { return [] }
    return text[starts[Int(token)]..<starts[Int(token) + 1]]
  }
}

/// Makes the nodes of a `TokenTrie` from the tokens in the order of their bytes.
private struct TrieBuilder {
  let starts: [Int]
  let text: [UInt8]
  var nodes: [TokenTrie.Node] = []
  var twins: [(first: Token, other: Token)] = []
  /// Nodes on the way to the last one, by their numbers.
  private var path: [Int] = []

  init(starts: [Int], text: [UInt8]) {
    self.starts = starts
    self.text = text
  }

  mutating func build() {
    let tokens = starts.indices.dropLast().filter { starts[$0] < starts[$0 + 1] }
    for token in tokens.sorted(by: { text(of: $0).lexicographicallyPrecedes(text(of: $1)) }) { add(token) }
    close(to: 0)
  }

  private func text(of token: Int) -> ArraySlice<UInt8> { text[starts[token]..<starts[token + 1]] }

  private mutating func add(_ token: Int) {
    let bytes = text(of: token)
    var shared = 0
    for (node, byte) in zip(path, bytes) {
      guard nodes[node].byte == byte else { break }
      shared += 1
    }
    if shared == bytes.count, shared == path.count, let node = path.last, nodes[node].token >= 0 {
      twins.append((nodes[node].token, Token(token)))
      return
    }
    close(to: shared)
    for (offset, byte) in bytes.dropFirst(shared).enumerated() {
      let depth = shared + offset + 1
      path.append(nodes.count)
      nodes.append(.init(byte: byte, depth: Int32(depth), end: -1, token: depth == bytes.count ? Token(token) : -1))
    }
  }

  /// Ends the nodes past the first `depth` ones of the path.
  private mutating func close(to depth: Int) {
    while path.count > depth {
      let index = path.removeLast()
      let node = nodes[index]
      nodes[index] = .init(byte: node.byte, depth: node.depth, end: Int32(nodes.count), token: node.token)
    }
  }
}
