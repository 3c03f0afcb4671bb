internal import ApusCore
internal import ApusModels

// Nodes lie in one array and name each other by number. Children are in the order of their tokens, and none begins with
// all that another has. So the nearest child to a text is found by halving, which no text can make slow; adding or
// removing one moves the numbers behind it. Nodes that no running sequence uses stand in the order of their last use, in
// which a parent is newer than its children: the oldest one is a leaf.

extension BlockTree {
  /// A KV block, behind those of the nodes above it.
  struct Node: Sendable {
    var block: Int32 = -1
    /// Positions that are filled; only full blocks have others behind them.
    var count: Int32 = 0
    var parent: Int32 = 0
    /// By their tokens, in rising order.
    var children: [Int32] = []
    /// Running sequences whose place is here or behind it.
    var holders: Int32 = 0
    /// Its KV block of windowed layers, as long as that is kept.
    var windowBlock: Int32?
    var snapshot: Int32?
    /// Of a root beside the plain one: which.
    var root: Root?

    var isIdleLeaf: Bool { holders == 0 && children.isEmpty }
  }

  /// The child that has most of the first tokens of `text`, and how many; nil where none has any.
  func nearest(to text: ArraySlice<Token>, below parent: Int32) -> (node: Int32, count: Int)? {
    let place = place(of: text, below: parent)
    let children = nodes[Int(parent)].children
    var best: (node: Int32, count: Int)?
    for index in max(0, place - 1)..<min(children.count, place + 1) {
      let count = common(children[index], text)
      if count > best?.count ?? 0 { best = (children[index], count) }
    }
    return best
  }

  /// The child that begins with all of `text`; a new one of `block` where there is none, which nobody holds.
  mutating func child(
    _ text: ArraySlice<Token>, _ block: Int32, below parent: Int32, _ allocator: inout KVBlockAllocator
  ) -> Int32 {
    var place = place(of: text, below: parent)
    if place < nodes[Int(parent)].children.count {
      let next = nodes[Int(parent)].children[place]
      if common(next, text) == text.count { return next }
    }
    if place > 0 {
      let last = nodes[Int(parent)].children[place - 1]
      // A tail that is the beginning of what comes now is no longer needed.
      if common(last, text) == Int(nodes[Int(last)].count) {
        remove(last, &allocator)
        place -= 1
      }
    }
    let node = makeNode(text)
    nodes[Int(node)].block = block
    nodes[Int(node)].parent = parent
    nodes[Int(parent)].children.insert(node, at: place)
    idle.append(node)
    allocator.share(CollectionOfOne(block))
    return node
  }

  mutating func makeNode(_ text: ArraySlice<Token>) -> Int32 {
    var node = Int32(nodes.count)
    if let free = freeNodes.popLast() {
      node = free
    } else {
      nodes.append(Node())
      tokens.append(contentsOf: repeatElement(0, count: Self.size))
    }
    let first = Int(node) * Self.size
    tokens.replaceSubrange(first..<first + text.count, with: text)
    nodes[Int(node)] = Node(count: Int32(text.count))
    return node
  }

  /// Takes a leaf that nobody holds from its parent; its number is free.
  mutating func detach(_ node: Int32) {
    idle.remove(node)
    let parent = nodes[Int(node)].parent
    let first = Int(node) * Self.size
    let text = tokens[first..<first + Int(nodes[Int(node)].count)]
    nodes[Int(parent)].children.remove(at: place(of: text, below: parent))
    nodes[Int(node)] = Node()
    freeNodes.append(node)
    dropRoot(parent)
  }

  /// The index of the first child that does not come before `text`.
  private func place(of text: ArraySlice<Token>, below parent: Int32) -> Int {
    let children = nodes[Int(parent)].children
    var (low, high) = (0, children.count)
    while low < high {
      let middle = (low + high) / 2
      if comes(children[middle], before: text) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func comes(_ node: Int32, before text: ArraySlice<Token>) -> Bool {
    let count = common(node, text)
    if count == text.count { return false }
    if count == Int(nodes[Int(node)].count) { return true }
    return tokens[Int(node) * Self.size + count] < text[text.startIndex + count]
  }

  /// How many tokens a node and a text have alike at their beginnings.
  func common(_ node: Int32, _ text: ArraySlice<Token>) -> Int {
    let first = Int(node) * Self.size
    let most = min(Int(nodes[Int(node)].count), text.count)
    var count = 0
    while count < most, tokens[first + count] == text[text.startIndex + count] { count += 1 }
    return count
  }
}

// Holders and the order of use.
extension BlockTree {
  /// Notes one more holder of a node; those above it are noted by who walks the path.
  mutating func hold(_ node: Int32) {
    if nodes[Int(node)].holders == 0 { idle.remove(node) }
    nodes[Int(node)].holders += 1
  }

  /// Takes one holder from a node and from all above it; those without holders are the newest then.
  mutating func release(_ node: Int32) {
    var node = node
    while node != Self.root {
      let parent = nodes[Int(node)].parent
      nodes[Int(node)].holders -= 1
      if isOtherRoot(node) {
        dropRoot(node)
      } else if nodes[Int(node)].holders == 0 {
        idle.append(node)
      }
      node = parent
    }
  }

  /// Makes a node whose parent is held the newest, if nobody holds it.
  mutating func renew(_ node: Int32) {
    guard nodes[Int(node)].holders == 0 else { return }
    idle.remove(node)
    idle.append(node)
  }
}
