internal import ApusCore
package import ApusModels

// Keys and values that were computed with adapters are of no use without them, and what is kept for one group of requests
// must not be found by another: how fast a prompt is processed tells whether its beginning was known. So texts with the
// same adapters and factors and the same salt begin at a root of their own. It is there as long as it has blocks behind it
// or a sequence holds it, so that there are no more of them than of both.

extension BlockTree {
  /// What texts must have in common, beside their tokens, to go on from each other's keys and values.
  package struct Root: Sendable, Hashable {
    /// What they are computed with beside the model, in the order of their numbers.
    package let adapters: [AdapterUse]
    /// `GenerationOptions.cacheSalt` as bytes, since texts that Unicode finds equal are different salts; empty for none.
    package let salt: [UInt8]

    package init(adapters: [AdapterUse] = [], salt: String? = nil) {
      (self.adapters, self.salt) = (adapters, Array((salt ?? "").utf8))
    }

    /// Of texts that are computed with the model alone and that all may find.
    var isPlain: Bool { adapters.isEmpty && salt.isEmpty }
  }

  /// The place where a sequence with this root begins, which it holds from here on.
  package mutating func start(_ root: Root) -> Hold {
    if root.isPlain { return emptyHold }
    let node = node(of: root) ?? makeNode(of: root)
    nodes[Int(node)].holders += 1
    return Hold(node: node, blocks: 0, matched: 0)
  }

  /// The node of a root; nil where nothing is behind it.
  func node(of root: Root) -> Int32? { root.isPlain ? Self.root : roots[root] }

  /// Whether a node is a root beside the plain one.
  func isOtherRoot(_ node: Int32) -> Bool { nodes[Int(node)].root != nil }

  private mutating func makeNode(of root: Root) -> Int32 {
    let node = makeNode([])
    nodes[Int(node)].root = root
    roots[root] = node
    return node
  }

  /// Forgets a root beside the plain one where nothing is behind it.
  mutating func dropRoot(_ node: Int32) {
    guard let root = nodes[Int(node)].root, nodes[Int(node)].isIdleLeaf else { return }
    roots[root] = nil
    nodes[Int(node)] = Node()
    freeNodes.append(node)
  }
}
