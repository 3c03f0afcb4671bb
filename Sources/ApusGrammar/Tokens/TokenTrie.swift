package import ApusCore
internal import Synchronization

/// The bytes of a vocabulary's tokens as a tree; made once, shared by all grammars.
///
/// Nodes lie in the order in which one walks the tree, a node before those below it, so that what is below a node can be
/// skipped at once. Making it takes time that goes with the number of bytes of all tokens, and some 40 bytes a token.
package final class TokenTrie: Sendable {
  struct Node {
    let byte: UInt8
    /// How many bytes lead to it.
    let depth: Int32
    /// The depth of the deepest node below it, or of itself.
    let deepest: Int32
    /// The first node that is not below it.
    let end: Int32
    /// The token that ends here; -1 is none.
    let token: Token

    fileprivate func ended(at end: Int, deepest: Int32) -> Node {
      Node(byte: byte, depth: depth, deepest: deepest, end: Int32(end), token: token)
    }
  }

  let vocabularySize: Int
  let nodes: [Node]
  /// The most bytes of a token.
  let depth: Int
  /// Tokens with the same bytes as another one that is in the tree.
  let twins: [(first: Token, other: Token)]
  /// What is known of terminals, whatever grammar they are in.
  let terminals = TerminalCache(byteLimit: 32 << 20)
  private let starts: [Int]
  private let text: [UInt8]
  private let shortTokens = Mutex<[Int: [UInt64]]>([:])

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

  /// One bit for each token of at most so many bytes, as in a mask.
  func shortTokens(_ length: Int) -> [UInt64] {
    shortTokens.withLock { known in
      if let bits = known[length] { return bits }
      var bits = Array(repeating: UInt64(0), count: (vocabularySize + 63) / 64)
      for token in 0..<vocabularySize where starts[token + 1] - starts[token] <= length {
        bits[token / 64] |= 1 << UInt64(token % 64)
      }
      known[length] = bits
      return bits
    }
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
      let token = depth == bytes.count ? Token(token) : -1
      nodes.append(.init(byte: byte, depth: Int32(depth), deepest: Int32(depth), end: -1, token: token))
    }
  }

  /// Ends the nodes past the first `depth` ones of the path.
  private mutating func close(to depth: Int) {
    while path.count > depth {
      let index = path.removeLast()
      let node = nodes[index]
      nodes[index] = node.ended(at: nodes.count, deepest: node.deepest)
      if let above = path.last, nodes[above].deepest < node.deepest {
        nodes[above] = nodes[above].ended(at: -1, deepest: node.deepest)
      }
    }
  }
}
