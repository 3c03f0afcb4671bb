internal import ApusCore

/// A part of a text while its neighbours are merged: its bytes `start..<end`, and its token, -1 if it has none.
struct Symbol {
  var start: Int
  var end: Int
  var token: Token
}

/// What a pair of symbols becomes: the lowest rank merges first, among equal ranks the leftmost pair.
struct Merge {
  var rank: UInt32
  var token: Token
}

/// Tells what two neighbouring symbols become, nil if they stay apart.
protocol MergeRule {
  /// The merge of `left` and `right`; its rank is below `UInt32.max`.
  func merge(_ left: Symbol, _ right: Symbol) -> Merge?
}

/// Merges neighbouring symbols until nothing merges: n log n in their number, with a queue over a linked list.
///
/// Both families of tokenizers are this algorithm; they differ in what merges and in what order. A merger keeps its
/// memory between words.
struct PairMerger {
  private var symbols: [Symbol] = []
  private var previous: [Int32] = []
  private var next: [Int32] = []
  /// What each symbol and its right neighbour become, as of now; rank `UInt32.max` where nothing.
  private var merges: [Merge] = []
  private var queue = MinimumQueue()

  /// The longest text that can be merged at once: positions are 32-bit.
  static let byteLimit = 1 << 30

  /// The parts of `range` that can each be merged at once; nearly always one.
  static func parts(of range: Range<Int>) -> some Sequence<Range<Int>> {
    stride(from: range.lowerBound, to: range.upperBound, by: byteLimit).lazy.map { start in
      start..<min(start + byteLimit, range.upperBound)
    }
  }

  /// Appends a symbol after the last one.
  mutating func append(_ symbol: Symbol) { symbols.append(symbol) }

  /// Merges the symbols by `rule`, hands what remains to `body` from left to right, and forgets it.
  ///
  /// Where `check` says so not all is merged.
  mutating func merge(_ rule: some MergeRule, _ check: inout StopCheck, _ body: (Symbol) -> Void) {
    link()
    for index in symbols.indices.dropLast() { consider(index, rule) }
    while !check.isStopped, let (rank, index) = queue.popFirst() {
      check.advance(by: 1)
      // An entry that a later merge overtook no longer has the rank of the pair at its place.
      if merges[index].rank == rank { join(index, rule) }
    }
    var index = symbols.isEmpty ? -1 : 0
    while index >= 0 {
      body(symbols[index])
      index = Int(next[index])
    }
    symbols.removeAll(keepingCapacity: true)
  }

  private mutating func link() {
    previous.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    merges.removeAll(keepingCapacity: true)
    for index in symbols.indices {
      previous.append(Int32(index) - 1)
      next.append(index + 1 < symbols.count ? Int32(index) + 1 : -1)
      merges.append(Merge(rank: .max, token: -1))
    }
  }

  /// Joins the symbol at `index` with its right neighbour.
  private mutating func join(_ index: Int, _ rule: some MergeRule) {
    let right = Int(next[index])
    symbols[index].end = symbols[right].end
    symbols[index].token = merges[index].token
    merges[right].rank = .max
    next[index] = next[right]
    if next[index] >= 0 { previous[Int(next[index])] = Int32(index) }
    consider(index, rule)
    if previous[index] >= 0 { consider(Int(previous[index]), rule) }
  }

  /// Looks up what the symbol at `index` and its right neighbour become, and queues it.
  private mutating func consider(_ index: Int, _ rule: some MergeRule) {
    merges[index].rank = .max
    guard next[index] >= 0, let merge = rule.merge(symbols[index], symbols[Int(next[index])]) else { return }
    merges[index] = merge
    queue.insert(rank: merge.rank, index: index)
  }
}

/// A binary heap of (rank, index), the smallest first.
private struct MinimumQueue {
  private var heap: [UInt64] = []

  mutating func insert(rank: UInt32, index: Int) {
    let entry = UInt64(rank) << 32 | UInt64(index)
    var hole = heap.count
    heap.append(entry)
    while hole > 0 {
      let parent = (hole - 1) / 2
      if heap[parent] <= entry { break }
      heap[hole] = heap[parent]
      hole = parent
    }
    heap[hole] = entry
  }

  mutating func popFirst() -> (rank: UInt32, index: Int)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    var hole = 0
    while hole * 2 + 1 < heap.count {
      var child = hole * 2 + 1
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      if heap[child] >= last { break }
      heap[hole] = heap[child]
      hole = child
    }
    if !heap.isEmpty { heap[hole] = last }
    return (UInt32(first >> 32), Int(first & 0xFFFF_FFFF))
  }
}
