/// The number of a stack in a `StackTable`.
typealias StackID = Int32

/// Where a rule goes on when it has been read: with `rest`, then what is below.
struct StackEdge: Hashable, Comparable {
  var rest: LanguageID
  var below: StackID

  static func < (a: StackEdge, b: StackEdge) -> Bool { (a.rest, a.below) < (b.rest, b.below) }
}

/// Sets of stacks by number, as a graph: a stack is all the ways on from the end of a rule. Equal ones have one number.
///
/// Where a rule may call itself before any byte, its stack refers to itself, and rules that call each other so have stacks
/// that refer to each other: these come into the table together, as a ring.
struct StackTable {
  /// The stack below the root; its one edge is `end`.
  static let bottom: StackID = 0
  /// The way on from the end of a whole text.
  static let end = StackEdge(rest: LanguageTable.nothing, below: bottom)

  private var starts: [Int32] = [0, 1]
  private var edges = [end]
  private var numbers: [[StackEdge]: StackID] = [:]

  var count: Int { starts.count - 1 }
  var byteCount: Int { starts.count * 64 + edges.count * 16 }

  func edges(of stack: StackID) -> ArraySlice<StackEdge> {
    edges[Int(starts[Int(stack)])..<Int(starts[Int(stack) + 1])]
  }

  /// The stack with these edges, which are in order.
  mutating func insert(_ list: [StackEdge]) -> StackID {
    if let known = numbers[list] { return known }
    let stack = append(list)
    numbers[list] = stack
    return stack
  }

  /// Stacks that refer to each other: `-1 - i` as what is below is the `i`th of them. Gives the first one's number; the
  /// others follow.
  mutating func insert(ring: [[StackEdge]]) -> StackID {
    if ring.count == 1, let same = equal(toLoop: ring[0]) { return same }
    let key = Array(ring.joined(separator: CollectionOfOne(StackEdge(rest: -1, below: -1))))
    if let known = numbers[key] { return known }
    let first = StackID(count)
    for list in ring {
      _ = append(list.map { $0.below < 0 ? StackEdge(rest: $0.rest, below: first - 1 - $0.below) : $0 }.sorted())
    }
    numbers[key] = first
    return first
  }

  /// A stack below this one that would be the same: one that has the same edges if the loop went to it.
  private func equal(toLoop list: [StackEdge]) -> StackID? {
    guard let loop = list.first(where: { $0.below < 0 }) else { return nil }
    return list.lazy.filter { $0.rest == loop.rest && $0.below >= 0 }.map(\.below).first { other in
      let replaced = list.map { $0.below < 0 ? StackEdge(rest: $0.rest, below: other) : $0 }
      return Set(replaced) == Set(edges(of: other))
    }
  }

  private mutating func append(_ list: [StackEdge]) -> StackID {
    edges += list
    starts.append(Int32(edges.count))
    return StackID(count - 1)
  }
}
