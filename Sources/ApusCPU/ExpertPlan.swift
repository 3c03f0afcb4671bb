internal import ApusCore

/// Which rows go through which experts of a layer, and how that work is cut; its room is kept for the next layer.
///
/// A pair is a row and one of its experts. Pairs are numbered expert by expert, so that the rows of an expert are
/// multiplied together.
@safe struct ExpertPlan {
  /// The pairs of one expert.
  struct Group {
    let expert: Int
    let pairs: Range<Int>
  }

  /// Some outputs of one expert, for all of its pairs.
  struct Tile {
    let group: Int
    let outputs: Range<Int>
  }

  /// Rows of activations that a tile of the first matrices takes at once, at most; a chunk has no more.
  static let rowsAtOnce = 256
  /// Results of one matrix that a tile of the first matrices has at once, at most.
  static let tileValues = rowsAtOnce * 64

  /// Experts with pairs, in rising order.
  private(set) var groups: [Group] = []
  /// The pair of each row and choice, `[rows, used]`.
  private(set) var pairs: [Int32] = []
  /// Of the matrices that read the layer's input.
  private(set) var firstTiles: [Tile] = []
  /// Of those that read what the activation has left.
  private(set) var downTiles: [Tile] = []
  /// For each expert its number of pairs, and then the next pair.
  private var next: [Int32] = []
  /// For each expert its group, where it has one.
  private(set) var groupOfExpert: [Int32] = []

  /// Takes some rows of a choice among `experts`.
  mutating func group(_ choice: CPURouting, rows: Range<Int>, experts: Int) {
    groups.removeAll(keepingCapacity: true)
    pairs.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    groupOfExpert.removeAll(keepingCapacity: true)
    next.append(contentsOf: repeatElement(0, count: experts))
    groupOfExpert.append(contentsOf: repeatElement(0, count: experts))
    forEachPair(choice, rows) { plan, expert in plan.next[expert] += 1 }
    var pair = 0
    for expert in 0..<experts where next[expert] > 0 {
      groupOfExpert[expert] = Int32(groups.count)
      groups.append(Group(expert: expert, pairs: pair..<pair + Int(next[expert])))
      next[expert] = Int32(pair)
      pair = groups[groups.count - 1].pairs.upperBound
    }
    forEachPair(choice, rows) { plan, expert in
      plan.pairs.append(plan.next[expert])
      plan.next[expert] += 1
    }
  }

  private mutating func forEachPair(
    _ choice: CPURouting, _ rows: Range<Int>, _ body: (inout ExpertPlan, _ expert: Int) -> Void
  ) {
    for row in rows {
      for index in 0..<choice.used { unsafe body(&self, Int(choice.experts(row)[index])) }
    }
  }

  /// Cuts the products of a layer for `threads` threads.
  mutating func cut(_ layer: ExpertLayer, threads: Int) {
    Self.cut(groups, layer.first, threads: threads, most: Self.tileValues, into: &firstTiles)
    Self.cut(groups, [layer.down], threads: threads, most: .max, into: &downTiles)
  }

  /// Tiles in the order of their addresses, with at most `most` results of each matrix at once.
  private static func cut(
    _ groups: [Group], _ matrices: [ExpertMatrices], threads: Int, most: Int, into tiles: inout [Tile]
  ) {
    tiles.removeAll(keepingCapacity: true)
    let outputs = matrices[0].rows
    let rowByteCount = matrices.reduce(0) { $0 + $1.weight.rowByteCount }
    let atOnce = matrices.reduce(0) { max($0, $1.rowsAtOnce) }
    let share = max(
      groups.count * outputs / (threads * TilePlan.tilesPerThread), TilePlan.smallestByteCount / max(1, rowByteCount))
    for (index, group) in groups.enumerated() {
      let rows = min(rowsAtOnce, group.pairs.count)
      var size = min(share, most / rows)
      if rows > 1 { size = min(size, TilePlan.batchByteCount / max(1, rowByteCount)) }
      size = max(atOnce, size / atOnce * atOnce)
      for first in stride(from: 0, to: outputs, by: size) {
        tiles.append(Tile(group: index, outputs: first..<min(outputs, first + size)))
      }
    }
  }

  /// Weights that each of `threads` threads reads first of `matrices`, cut as `tiles`.
  @unsafe func heads(_ matrices: ExpertMatrices, _ tiles: [Tile], threads: Int) -> [UnsafeRawBufferPointer] {
    unsafe (0..<threads).map { thread in
      let index = tiles.count * thread / threads
      guard index < tiles.count else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
      let matrix = CPUMatrix(weight: matrices.weight, index: groups[tiles[index].group].expert)
      let row = tiles[index].outputs.lowerBound
      return unsafe UnsafeRawBufferPointer(
        start: matrix.row(row), count: min(FetchAhead.limit, (matrices.rows - row) * matrices.weight.rowByteCount))
    }
  }
}
