internal import ApusCore
package import ApusModels

// Keys and values that were computed with adapters are of no use without them. So texts with the same adapters and
// factors begin at a root of their own. It is there as long as it has blocks behind it or a sequence holds it, so that
// there are no more of them than of both.

extension BlockTree {
  /// The place where a sequence with these adapters begins, which it holds from here on.
  package mutating func start(_ adapters: [AdapterUse]) -> Hold {
    if adapters.isEmpty { return emptyHold }
    let root = root(of: adapters) ?? makeRoot(adapters)
    nodes[Int(root)].holders += 1
    return Hold(node: root, blocks: 0, matched: 0)
  }

  /// The root of texts with these adapters; nil where nothing is behind it.
  func root(of adapters: [AdapterUse]) -> Int32? { adapters.isEmpty ? Self.root : roots[adapters] }

  /// Whether a node is the root of texts with adapters.
  func isOtherRoot(_ node: Int32) -> Bool { !nodes[Int(node)].adapters.isEmpty }

  private mutating func makeRoot(_ adapters: [AdapterUse]) -> Int32 {
    let node = makeNode([])
    nodes[Int(node)].adapters = adapters
    roots[adapters] = node
    return node
  }

  /// Forgets the root of texts with adapters where nothing is behind it.
  mutating func dropRoot(_ node: Int32) {
    guard isOtherRoot(node), nodes[Int(node)].isIdleLeaf else { return }
    roots[nodes[Int(node)].adapters] = nil
    nodes[Int(node)] = Node()
    freeNodes.append(node)
  }
}
