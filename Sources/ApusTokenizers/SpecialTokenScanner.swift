internal import ApusCore

/// Finds tokens by their whole text in linear time, whatever the tokens are: at each place the longest that starts
/// there.
///
/// An Aho–Corasick automaton (Aho and Corasick 1975) of the reversed texts reads the text from its end, so that the
/// state at each place knows the longest token that starts there.
struct SpecialTokenScanner: Sendable {
  /// A token found in a text.
  struct Match {
    var token: Token
    var start: Int
    var end: Int
  }

  private struct Node {
    var byte: UInt8 = 0
    var firstChild: Int32 = 0
    var sibling: Int32 = 0
    var failure: Int32 = 0
    /// The longest token whose reversed text is a suffix of this node's string; -1 if none.
    var token: Token = -1
    var byteCount: Int32 = 0
  }

  /// The trie of the reversed texts; node 0 is its root.
  private var nodes = [Node()]
  /// The root's children by byte; 0 where none.
  private var roots = [Int32](repeating: 0, count: 256)

  /// A scanner for `tokens`; of tokens with equal texts it finds the first, tokens without text never.
  init(_ tokens: [Token], of vocabulary: Vocabulary) {
    for token in tokens { insert(vocabulary.texts[Int(token)], token) }
    linkFailures()
  }

  /// The tokens in `text[range]` from left to right, none of them within another or in part outside.
  func matches(in text: [UInt8], _ range: Range<Int>) -> [Match] {
    guard nodes.count > 1 else { return [] }
    var candidates: [Match] = []
    var state: Int32 = 0
    for position in range.reversed() {
      state = step(state, text[position])
      let node = nodes[Int(state)]
      if node.token >= 0 {
        candidates.append(Match(token: node.token, start: position, end: position + Int(node.byteCount)))
      }
    }
    var matches: [Match] = []
    var end = range.lowerBound
    for match in candidates.reversed() where match.start >= end {
      matches.append(match)
      end = match.end
    }
    return matches
  }

  private mutating func insert(_ text: ArraySlice<UInt8>, _ token: Token) {
    guard !text.isEmpty, nodes.count + text.count < Int32.max else { return }
    var current: Int32 = 0
    for byte in text.reversed() {
      var child = child(of: current, byte)
      if child == 0 {
        child = Int32(nodes.count)
        nodes.append(Node(byte: byte, sibling: nodes[Int(current)].firstChild))
        nodes[Int(current)].firstChild = child
        if current == 0 { roots[Int(byte)] = child }
      }
      current = child
    }
    guard nodes[Int(current)].token < 0 else { return }
    nodes[Int(current)].token = token
    nodes[Int(current)].byteCount = Int32(text.count)
  }

  /// Sets each node's failure link, in order of depth, and hands tokens down along them.
  private mutating func linkFailures() {
    var queue: [Int32] = [0]
    var position = 0
    while position < queue.count {
      let parent = queue[position]
      position += 1
      var child = nodes[Int(parent)].firstChild
      while child != 0 {
        let failure = parent == 0 ? 0 : step(nodes[Int(parent)].failure, nodes[Int(child)].byte)
        nodes[Int(child)].failure = failure
        if nodes[Int(child)].token < 0 {
          nodes[Int(child)].token = nodes[Int(failure)].token
          nodes[Int(child)].byteCount = nodes[Int(failure)].byteCount
        }
        queue.append(child)
        child = nodes[Int(child)].sibling
      }
    }
  }

  private func step(_ state: Int32, _ byte: UInt8) -> Int32 {
    var state = state
    while true {
      let child = child(of: state, byte)
      if child != 0 || state == 0 { return child }
      state = nodes[Int(state)].failure
    }
  }

  /// The child of `node` along `byte`; 0 if it has none.
  private func child(of node: Int32, _ byte: UInt8) -> Int32 {
    if node == 0 { return roots[Int(byte)] }
    var child = nodes[Int(node)].firstChild
    while child != 0, nodes[Int(child)].byte != byte { child = nodes[Int(child)].sibling }
    return child
  }
}
