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
  private var pairs: [Int32] = []
  /// Of the matrices that read the layer's input.
  private(set) var firstTiles: [Tile] = []
  /// Of those that read what the activation has left.
  private(set) var downTiles: [Tile] = []
  /// For each expert its number of pairs, and then the next pair.
  private var next: [Int32] = []
  /// For each expert its group, where it has one.
  private var groupOfExpert: [Int32] = []

  /// Takes some rows of a choice among `experts`.
  mutating func group(_ choice: CPURouting.Rows, rows: Range<Int>, experts: Int) {
    groups.removeAll(keepingCapacity: true)
    pairs.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    groupOfExpert.removeAll(keepingCapacity: true)
    next.append(contentsOf: repeatElement(0, count: experts))
    groupOfExpert.append(contentsOf: repeatElement(0, count: experts))
    unsafe forEachPair(choice, rows) { plan, expert in plan.next[expert] += 1 }
    var pair = 0
    for expert in 0..<experts where next[expert] > 0 {
      groupOfExpert[expert] = Int32(groups.count)
      groups.append(Group(expert: expert, pairs: pair..<pair + Int(next[expert])))
      next[expert] = Int32(pair)
      pair = groups[groups.count - 1].pairs.upperBound
    }
    unsafe forEachPair(choice, rows) { plan, expert in
      plan.pairs.append(plan.next[expert])
      plan.next[expert] += 1
    }
  }

  private mutating func forEachPair(
    _ choice: CPURouting.Rows, _ rows: Range<Int>, _ body: (inout ExpertPlan, _ expert: Int) -> Void
  ) {
    for row in rows {
      for index in unsafe 0..<choice.used { unsafe body(&self, Int(choice.experts(row)[index])) }
    }
  }

  /// Cuts the products of a layer for `threads` threads.
  mutating func cut(_ layer: ExpertLayer, threads: Int) {
    let atOnce = max(layer.up.rowsAtOnce, layer.gate?.rowsAtOnce ?? 0)
    let first = TileSize(
      outputs: layer.inner, rowByteCount: layer.firstRowByteCount, atOnce: atOnce, most: Self.tileValues)
    let down = TileSize(
      outputs: layer.hidden, rowByteCount: layer.down.rowByteCount, atOnce: layer.down.rowsAtOnce, most: .max)
    first.cut(groups, threads: threads, into: &firstTiles)
    down.cut(groups, threads: threads, into: &downTiles)
  }

  /// How the outputs of matrices that are multiplied together are cut.
  private struct TileSize {
    let outputs: Int
    /// Bytes of one row of all of them.
    let rowByteCount: Int
    /// Rows that kernels take at once.
    let atOnce: Int
    /// Results of one matrix that a tile has at most.
    let most: Int

    /// Tiles in the order of their addresses.
    func cut(_ groups: [Group], threads: Int, into tiles: inout [Tile]) {
      tiles.removeAll(keepingCapacity: true)
      let share = groups.count * outputs / (threads * TilePlan.tilesPerThread)
      let least = max(share, TilePlan.smallestByteCount / max(1, rowByteCount))
      for (index, group) in groups.enumerated() {
        let rows = min(rowsAtOnce, group.pairs.count)
        var size = min(least, most / rows)
        if rows > 1 { size = min(size, TilePlan.batchByteCount / max(1, rowByteCount)) }
        size = max(atOnce, size / atOnce * atOnce)
        for first in stride(from: 0, to: outputs, by: size) {
          tiles.append(Tile(group: index, outputs: first..<min(outputs, first + size)))
        }
      }
    }
  }

  /// Weights that each of `threads` threads reads first of `matrices`, cut as `tiles`.
  @unsafe func heads(_ matrices: ExpertMatrices, _ tiles: [Tile], threads: Int) -> [UnsafeRawBufferPointer] {
    unsafe (0..<threads).map { thread in
      let index = tiles.count * thread / threads
      guard index < tiles.count else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
      let (row, expert) = (tiles[index].outputs.lowerBound, groups[tiles[index].group].expert)
      return unsafe UnsafeRawBufferPointer(
        start: matrices.matrix(expert) + row * matrices.rowByteCount,
        count: min(FetchAhead.limit, (matrices.rows - row) * matrices.rowByteCount))
    }
  }

  /// What threads read of a plan, without references, as in `ExpertLayer.swift`.
  @unsafe struct Lists {
    let groups: UnsafeBufferPointer<Group>
    let pairs: UnsafeBufferPointer<Int32>
    let groupOfExpert: UnsafeBufferPointer<Int32>
    let firstTiles: UnsafeBufferPointer<Tile>
    let downTiles: UnsafeBufferPointer<Tile>
  }

  /// Calls `body` with the lists, which stay where they are meanwhile.
  func withLists(_ body: (Lists) -> Void) {
    unsafe groups.withUnsafeBufferPointer { groups in
      unsafe pairs.withUnsafeBufferPointer { pairs in
        unsafe groupOfExpert.withUnsafeBufferPointer { groupOfExpert in
          unsafe firstTiles.withUnsafeBufferPointer { firstTiles in
            unsafe downTiles.withUnsafeBufferPointer { downTiles in
              unsafe body(
                Lists(
                  groups: groups, pairs: pairs, groupOfExpert: groupOfExpert, firstTiles: firstTiles,
                  downTiles: downTiles))
            }
          }
        }
      }
    }
  }
}
