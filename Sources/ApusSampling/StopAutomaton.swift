/// The automaton of Aho and Corasick ("Efficient string matching: an aid to bibliographic search", 1975) over bytes.
///
/// A node stands for a prefix of a pattern; after reading text the automaton is at the longest prefix that the text ends
/// with. Nodes are numbered breadth first over the sorted patterns, so that the children of a node lie together, in
/// order of their bytes: 19 bytes a node, whatever the number of children.
struct StopAutomaton: Sendable {
  /// The empty prefix.
  static let root: Int32 = 0
  /// Stands for "no pattern" and "no node".
  private static let none: Int32 = -1

  /// The last byte of each prefix.
  private var labels: [UInt8] = [0]
  /// The length of each prefix.
  private var depths: [Int32] = [0]
  /// The first child of each node; its children end where the next node's begin.
  private var firstChildren: [Int32] = []
  /// The longest proper suffix of each prefix that is a prefix too.
  private var fallbacks: [Int32] = [0]
  /// The pattern that each prefix is.
  private var patterns: [Int32] = [Self.none]
  /// The node of the longest pattern that each prefix ends with.
  private var matches: [Int32] = [Self.none]

  /// True where there is no pattern.
  var isEmpty: Bool { labels.count == 1 }

  /// The automaton of patterns that are not empty; of equal ones the first counts.
  ///
  /// Cost: linear in their bytes, and sorting them.
  init(_ list: [[UInt8]]) {
    let sorted = list.indices.sorted {
      list[$0] == list[$1] ? $0 < $1 : list[$0].lexicographicallyPrecedes(list[$1])
    }
    buildNodes(list, sorted)
    for node in labels.indices.dropFirst() {
      let pattern = patterns[node]
      matches[node] = pattern == Self.none ? matches[Int(fallbacks[node])] : Int32(node)
    }
  }

  /// Makes the nodes breadth first; each stands for a run of sorted patterns that share its prefix.
  private mutating func buildNodes(_ list: [[UInt8]], _ sorted: [Int]) {
    var runs = [sorted.indices]
    var node = 0
    while node < labels.count {
      firstChildren.append(Int32(labels.count))
      let depth = Int(depths[node])
      var start = runs[node].lowerBound
      while start < runs[node].upperBound {
        let pattern = list[sorted[start]]
        if pattern.count == depth {
          if patterns[node] == Self.none { patterns[node] = Int32(sorted[start]) }
          start += 1
          continue
        }
        var end = start + 1
        while end < runs[node].upperBound, list[sorted[end]][depth] == pattern[depth] { end += 1 }
        addChild(of: node, pattern[depth])
        runs.append(start..<end)
        start = end
      }
      node += 1
    }
    firstChildren.append(Int32(labels.count))
  }

  private mutating func addChild(of node: Int, _ byte: UInt8) {
    // All nodes of lesser depth are complete, so the fallback can be looked up already.
    let fallback = node == 0 ? Self.root : next(fallbacks[node], byte)
    labels.append(byte)
    depths.append(depths[node] + 1)
    fallbacks.append(fallback)
    patterns.append(Self.none)
    matches.append(Self.none)
  }

  /// The node after reading `byte` at `node`.
  func next(_ node: Int32, _ byte: UInt8) -> Int32 {
    var node = node
    while true {
      if let child = child(of: node, byte) { return child }
      guard node != Self.root else { return node }
      node = fallbacks[Int(node)]
    }
  }

  private func child(of node: Int32, _ byte: UInt8) -> Int32? {
    var low = Int(firstChildren[Int(node)])
    let end = Int(firstChildren[Int(node) + 1])
    var high = end
    while low < high {
      let middle = (low + high) / 2
      if labels[middle] < byte { low = middle + 1 } else { high = middle }
    }
    return low < end && labels[low] == byte ? Int32(low) : nil
  }

  /// The length of the longest prefix that the text ends with at `node`.
  func depth(of node: Int32) -> Int {
    Int(depths[Int(node)])
  }

  /// The longest pattern that the text ends with at `node`, and its length.
  func longestMatch(at node: Int32) -> (pattern: Int, length: Int)? {
    let match = Int(matches[Int(node)])
    guard match >= 0 else { return nil }
    return (Int(patterns[match]), Int(depths[match]))
  }
}
