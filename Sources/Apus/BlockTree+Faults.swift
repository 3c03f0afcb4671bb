internal import ApusCore

extension BlockTree {
  /// What is wrong inside if `holds` are those of all running sequences; nil if all is well.
  ///
  /// Costs time for all nodes.
  package func findFault(holds: [Hold]) -> String? {
    let used = nodes.indices.filter { nodes[$0].block >= 0 }
    guard Set(blocks).count == used.count else { return "a KV block is twice in the tree" }
    guard used.count + freeNodes.count + 1 + roots.count == nodes.count, Set(freeNodes).count == freeNodes.count else {
      return "\(used.count) nodes are used and \(freeNodes.count) free, of \(nodes.count)"
    }
    for node in used {
      if let fault = fault(of: Int32(node)) { return "node \(node) \(fault)" }
    }
    for node in nodes.indices {
      if let fault = faultBelow(node) { return "node \(node) \(fault)" }
    }
    guard roots.allSatisfy({ nodes[Int($1)].root == $0 && !nodes[Int($1)].isIdleLeaf }) else {
      return "a root under the name of another, or with nothing behind it"
    }
    return faultOfHolders(holds) ?? faultOfOrder(idle: used.count { nodes[$0].holders == 0 })
  }

  private func fault(of node: Int32) -> String? {
    let (it, parent) = (nodes[Int(node)], nodes[Int(nodes[Int(node)].parent)])
    guard parent.children.contains(node) else { return "is not among its parent's children" }
    guard it.count == Self.size || (1..<Int32(Self.size)).contains(it.count) && it.children.isEmpty else {
      return "has \(it.count) tokens and \(it.children.count) children"
    }
    return it.snapshot != nil && it.count < Self.size ? "has a snapshot and is no full block" : nil
  }

  private func faultBelow(_ node: Int) -> String? {
    let children = nodes[node].children
    guard children.allSatisfy({ nodes[Int($0)].parent == node && nodes[Int($0)].block >= 0 }) else {
      return "has a child that is not its own"
    }
    for (one, next) in zip(children, children.dropFirst()) {
      let (one, next) = (text(of: one), text(of: next))
      if !one.lexicographicallyPrecedes(next) { return "has children out of order" }
      if next.starts(with: one) { return "has a child that begins with all of another" }
    }
    return nil
  }

  private func text(of node: Int32) -> ArraySlice<Token> {
    let first = Int(node) * Self.size
    return tokens[first..<first + Int(nodes[Int(node)].count)]
  }

  private func faultOfHolders(_ holds: [Hold]) -> String? {
    var holders = [Int32](repeating: 0, count: nodes.count)
    for hold in holds {
      var (node, depth) = (hold.node, 0)
      while node != Self.root, depth <= nodes.count {
        holders[Int(node)] += 1
        (node, depth) = (nodes[Int(node)].parent, depth + (isOtherRoot(node) ? 0 : 1))
      }
      if depth != hold.blocks { return "a hold of \(hold.blocks) blocks has \(depth) nodes" }
    }
    let wrong = nodes.indices.first { nodes[$0].holders != holders[$0] }
    return wrong.map { "node \($0) notes \(nodes[$0].holders) holders of \(holders[$0])" }
  }

  /// Each node without holders stands in the order of use once, children before their parents.
  private func faultOfOrder(idle count: Int) -> String? {
    var seen = Set<Int32>()
    for node in idle.numbers {
      guard nodes[Int(node)].holders == 0, nodes[Int(node)].block >= 0, seen.insert(node).inserted else {
        return "node \(node) does not belong in the order of use"
      }
      guard seen.isSuperset(of: nodes[Int(node)].children) else { return "node \(node) is older than a child" }
    }
    return seen.count == count && count == idle.count ? nil : "\(seen.count) nodes are in the order of use, of \(count)"
  }
}
