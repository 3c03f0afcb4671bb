/// The number of a stack in a `StackTable`.
typealias StackID = Int32

/// Where a rule goes on when it has been read: with `rest`, then what is below.
struct StackEdge: Hashable, Comparable {
  var rest: LanguageID
  var below: StackID

  var word: UInt64 { UInt64(UInt32(bitPattern: rest)) << 32 | UInt64(UInt32(bitPattern: below)) }

  static func < (a: StackEdge, b: StackEdge) -> Bool { (a.rest, a.below) < (b.rest, b.below) }
}

/// Sets of stacks by number, as a graph; equal ones have one number.
///
/// A stack is all the ways on from the end of a rule. Where a rule may call itself before any byte, its stack refers to
/// itself, and rules that call each other so have stacks that refer to each other: these come in together, as a ring.
struct StackTable: ~Copyable {
  /// The stack below the root; its one edge is `end`.
  static let bottom: StackID = 0
  /// The way on from the end of a whole text.
  static let end = StackEdge(rest: LanguageTable.nothing, below: bottom)

  private var starts: [Int32] = [0]
  private var edges: [StackEdge] = []
  private var slots = SlotTable()
  private var rings: [[StackEdge]: StackID] = [:]
  /// The members of rings of more than one.
  private var ringOfStack: [StackID: Range<StackID>] = [:]

  init() { _ = insert([Self.end]) }

  var byteCount: Int { starts.count * 4 + edges.count * 8 + slots.byteCount + rings.count * 128 }

  func edges(of stack: StackID) -> ArraySlice<StackEdge> {
    edges[Int(starts[Int(stack)])..<Int(starts[Int(stack) + 1])]
  }

  /// The stack with these edges, which are in order.
  mutating func insert(_ list: some RandomAccessCollection<StackEdge>) -> StackID {
    var print = LanguageMark(0)
    for edge in list { print.add(edge.word) }
    var slot = slots.begin(print.low)
    while let known = slots.find(print.low, &slot) {
      if edges(of: StackID(known)).elementsEqual(list) { return StackID(known) }
    }
    slots.append(print.low, at: slot)
    return append(list)
  }

  private mutating func append(_ list: some RandomAccessCollection<StackEdge>) -> StackID {
    edges += list
    starts.append(Int32(edges.count))
    return StackID(starts.count - 2)
  }

  /// Stacks that refer to each other: `-1 - i` as what is below is the `i`th of them.
  ///
  /// Gives the first one's number; the others follow.
  mutating func insert(ring: [[StackEdge]]) -> StackID {
    if ring.count == 1, let same = equal(toLoop: ring[0]) { return same }
    let key = Array(ring.joined(separator: CollectionOfOne(Self.end)))
    if let known = rings[key] { return known }
    let first = StackID(starts.count - 1)
    for list in ring {
      let edges = list.map { $0.below < 0 ? StackEdge(rest: $0.rest, below: first - 1 - $0.below) : $0 }.sorted()
      var print = LanguageMark(0)
      for edge in edges { print.add(edge.word) }
      var slot = slots.begin(print.low)
      while slots.find(print.low, &slot) != nil {}
      slots.append(print.low, at: slot)
      _ = append(edges)
    }
    rings[key] = first
    let members = first..<first + StackID(ring.count)
    if ring.count > 1 { for member in members { ringOfStack[member] = members } }
    return first
  }

  /// All stacks below some, and these; whole rings, in order.
  func reachable(from tops: [StackID]) -> [StackID] {
    var isWanted = Array(repeating: false, count: starts.count - 1)
    isWanted[Int(Self.bottom)] = true
    var waiting = tops
    while let stack = waiting.popLast() {
      guard !isWanted[Int(stack)] else { continue }
      isWanted[Int(stack)] = true
      waiting += edges(of: stack).lazy.map(\.below).filter { !isWanted[Int($0)] }
      if let ring = ringOfStack[stack] { waiting += ring }
    }
    return isWanted.indices.filter { isWanted[$0] }.map { StackID($0) }
  }

  /// The edges of stacks that are in order, ring by ring.
  func rings(_ stacks: [StackID]) -> [[[StackEdge]]] {
    var result: [[[StackEdge]]] = []
    for stack in stacks {
      let list = Array(edges(of: stack))
      if let ring = ringOfStack[stack], ring.lowerBound < stack {
        result[result.count - 1].append(list)
      } else {
        result.append([list])
      }
    }
    return result
  }

  /// A stack below this one that would be the same: one that has the same edges if the loop went to it.
  private func equal(toLoop list: [StackEdge]) -> StackID? {
    guard let loop = list.first(where: { $0.below < 0 }) else { return nil }
    let candidates = Set(list.lazy.filter { $0.rest == loop.rest && $0.below >= 0 }.map(\.below))
    return candidates.sorted().first { other in
      let replaced = list.map { $0.below < 0 ? StackEdge(rest: $0.rest, below: other) : $0 }
      return Set(replaced) == Set(edges(of: other))
    }
  }
}
