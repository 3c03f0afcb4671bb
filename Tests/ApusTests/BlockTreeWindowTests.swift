internal import Apus
internal import ApusCore
internal import Testing

/// What the tree keeps of windowed layers, by example.
struct BlockTreeWindowTests {
  private static let size = KVCacheLayout.blockPositions

  /// A tree for a window of 40 positions, and sequences that take blocks as an engine does.
  private struct Bench {
    var tree: BlockTree
    var allocator = KVBlockAllocator(count: 64)

    init(windowBlocks: Int) { tree = BlockTree(window: 40, windowBlocks: windowBlocks) }

    /// Runs a sequence to its end, a block's tokens at a time, and gives up what its window leaves behind; how many tokens
    /// it found.
    @discardableResult
    mutating func run(_ text: [Token]) -> Int {
      let match = tree.match(text.dropLast()[...], &allocator)
      var (table, hold) = (match.table, match.hold)
      let found = match.blocks.count * size + (match.tail?.positions ?? 0)
      var stored = found
      while stored < text.count {
        stored = min(text.count, (stored / size + 1) * size)
        if table.full.count * size < stored { table.full.append(allocator.take() ?? -1) }
        if table.windowed.count * size < stored { table.windowed.append(tree.takeWindowBlock() ?? -1) }
        tree.insert(text[..<stored], &table, at: &hold, &allocator)
        let first = KVCacheLayout.firstKeptBlock(at: stored, window: 40)
        tree.releaseWindowBlocks(table.windowed[..<first])
        for number in 0..<first { table.windowed[number] = AttentionBatch.givenUp }
      }
      if let tail = match.tail {
        allocator.release([tail.block])
        tree.releaseWindowBlocks([tail.windowBlock])
      }
      tree.finish(text[...], table, hold, &allocator)
      #expect(tree.findWindowFault(tables: []) == nil && tree.findFault(holds: []) == nil)
      return found
    }

    private var size: Int { BlockTreeWindowTests.size }
  }

  private static func text(_ count: Int, from first: Token = 0) -> [Token] { (0..<Token(count)).map { first + $0 } }

  @Test func `Of a long text the end stays, and a later one goes on from there`() {
    var bench = Bench(windowBlocks: 4)
    let text = Self.text(200)
    let fresh = bench.run(text)
    #expect(fresh == 0 && bench.tree.blocks.count == 7 && bench.tree.windowBlocks.count == 4)
    let next = bench.run(text + Self.text(9, from: 500))
    #expect(next == 200)
    #expect(bench.tree.counts.windowEvictions > 0 && bench.tree.counts.evictions == 0)
  }

  @Test func `A match ends at the deepest place whose window is there`() {
    var bench = Bench(windowBlocks: 4)
    bench.run(Self.text(200))
    // Window blocks are left of 96 ..< 200; from 160 on a token looks at no block before 96.
    for (length, found) in [(190, 189), (161, 160), (159, 0), (130, 0)] {
      let match = bench.tree.match(Self.text(length - 1)[...], &bench.allocator)
      #expect(match.blocks.count * Self.size + (match.tail?.positions ?? 0) == found, "\(length)")
      #expect(match.table.windowed.count { $0 != AttentionBatch.givenUp } <= 2)
      if let tail = match.tail {
        bench.allocator.release([tail.block])
        bench.tree.releaseWindowBlocks([tail.windowBlock])
      }
      bench.tree.discard(match.table, match.hold, &bench.allocator)
    }
    #expect(bench.tree.findWindowFault(tables: []) == nil)
  }

  @Test func `What is computed again is kept again`() {
    var bench = Bench(windowBlocks: 12)
    let text = Self.text(100)
    bench.run(text)
    var taken: [Int32] = []
    while let block = bench.tree.takeWindowBlock() { taken.append(block) }
    #expect(taken.count == 12 && bench.tree.windowBlocks.isEmpty && bench.tree.blocks.count == 4)
    bench.tree.releaseWindowBlocks(taken)
    let again = bench.run(text)
    #expect(again == 0 && bench.tree.blocks.count == 4 && bench.tree.windowBlocks.count == 4)
    #expect(bench.run(text) == 99)
  }

  @Test func `Blocks go in the order of their last use, and none that a sequence uses`() {
    var bench = Bench(windowBlocks: 6)
    let (first, second) = (Self.text(64), Self.text(64, from: 1000))
    bench.run(first)
    bench.run(second)
    bench.run(first + [7])
    // Two are free, then the second text's go; the first one's are in use.
    let match = bench.tree.match(first[...], &bench.allocator)
    var taken = 0
    while bench.tree.takeWindowBlock() != nil { taken += 1 }
    #expect(taken == 4 && bench.tree.windowBlocks.sorted() == match.table.windowed.sorted())
    bench.tree.discard(match.table, match.hold, &bench.allocator)
  }

  @Test func `A block that is filled in part does not stand for a fuller one`() {
    var bench = Bench(windowBlocks: 4)
    let text = Self.text(30)
    bench.run(text)
    var taken: [Int32] = []
    while let block = bench.tree.takeWindowBlock() { taken.append(block) }
    bench.tree.releaseWindowBlocks(taken)
    bench.run(Array(text.prefix(10)))
    #expect(bench.tree.windowBlocks.isEmpty && bench.tree.blocks.count == 1)
    #expect(bench.run(text) == 0)
    #expect(bench.run(text) == 29)
  }
}
