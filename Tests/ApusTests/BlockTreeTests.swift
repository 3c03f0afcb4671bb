internal import Apus
internal import ApusCore
internal import Testing

/// What the tree keeps and finds, by example.
struct BlockTreeTests {
  private static let size = KVCacheLayout.blockPositions

  /// A tree, its allocator, and sequences that take blocks as an engine does.
  private struct Bench {
    var tree: BlockTree
    var allocator: KVBlockAllocator

    init(blocks: Int = 64, needsSnapshots: Bool = false) {
      tree = BlockTree(needsSnapshots: needsSnapshots)
      allocator = KVBlockAllocator(count: blocks)
    }

    /// A sequence of a text: what it starts with, and blocks of its own for the rest.
    mutating func start(_ text: [Token]) -> (BlockTree.Match, table: KVBlockTable) {
      let match = tree.match(text[...], &allocator)
      tree.noteStart(found: match.blocks.count * BlockTreeTests.size + (match.tail?.positions ?? 0))
      if let tail = match.tail { allocator.release([tail.block]) }
      var table = match.table
      while table.full.count < KVCacheLayout.blocks(forPositions: text.count) {
        guard let block = allocator.take() else { break }
        table.full.append(block)
      }
      return (match, table)
    }

    /// Runs a sequence to its end; its blocks.
    @discardableResult
    mutating func run(_ text: [Token]) -> [Int32] {
      let (match, table) = start(text)
      tree.finish(text[...], table, match.hold, &allocator)
      return table.full
    }

    /// Has the tree give up what it can; how many blocks that were.
    mutating func evictAll() -> Int {
      var count = 0
      while tree.evict(&allocator) { count += 1 }
      return count
    }

    /// Starts and ends a sequence that is not kept; what it started with.
    mutating func look(_ text: [Token]) -> BlockTree.Match {
      let (match, table) = start(text)
      tree.discard(table, match.hold, &allocator)
      return match
    }
  }

  /// Tokens that all differ between texts.
  private static func text(_ count: Int, from first: Token = 0) -> [Token] { (0..<Token(count)).map { first + $0 } }

  @Test func `An empty tree has nothing to give`() {
    var bench = Bench()
    let match = bench.look(Self.text(100))
    #expect(match.blocks.isEmpty && match.tail == nil && match.snapshot == nil)
    #expect(bench.tree.counts.misses == 1 && bench.tree.counts.hits == 0)
    let early = bench.evictAll()
    #expect(early == 0)
  }

  @Test func `Full blocks are shared, and the tail of an ended sequence is to be copied`() {
    var bench = Bench()
    let table = bench.run(Self.text(75))
    for (length, blocks, positions) in [(75, 2, 11), (70, 2, 6), (64, 2, 0), (63, 1, 31), (31, 0, 31), (1, 0, 1)] {
      let match = bench.look(Self.text(length))
      #expect(match.blocks == Array(table[..<blocks]))
      #expect(match.tail == (positions > 0 ? BlockTree.Tail(block: table[blocks], positions: positions) : nil))
    }
    let longer = bench.look(Self.text(74) + [7])
    #expect(longer.blocks == Array(table[..<2]) && longer.tail == BlockTree.Tail(block: table[2], positions: 10))
    #expect(bench.tree.counts.matchedTokens == 75 + 70 + 64 + 63 + 31 + 1 + 74)
    #expect(bench.tree.counts.hits == 7)
  }

  @Test func `Any number of running sequences share what one of them has filled`() {
    var bench = Bench()
    let text = Self.text(96)
    var (first, table) = bench.start(text)
    bench.tree.insert(text[..<70], &table, at: &first.hold, &bench.allocator)
    #expect(first.hold.blocks == 2)
    let others = (0..<5).map { _ in bench.start(text) }
    for (match, other) in others {
      #expect(match.blocks == Array(table.full[..<2]) && match.tail == nil)
      #expect(other.full[2] != table.full[2])
    }
    let tables = [table.full] + others.map(\.table.full)
    #expect(bench.allocator.findFault(tables: tables + [bench.tree.blocks]) == nil)
    #expect(bench.tree.findFault(holds: [first.hold] + others.map(\.0.hold)) == nil)
  }

  @Test func `A running sequence goes on with what others have filled behind its place`() {
    var bench = Bench()
    let text = Self.text(110)
    var (first, table) = bench.start(text)
    let (early, _) = bench.start(text)
    bench.tree.insert(text[..<40], &table, at: &first.hold, &bench.allocator)
    let second = bench.tree.match(text[...], behind: early.hold, &bench.allocator)
    #expect(second.blocks == [table.full[0]] && second.hold.blocks == 1)
    bench.tree.insert(text[..<100], &table, at: &first.hold, &bench.allocator)
    let third = bench.tree.match(text[..<90], behind: second.hold, &bench.allocator)
    #expect(third.blocks == [table.full[1]] && third.tail == BlockTree.Tail(block: table.full[2], positions: 26))
    #expect(bench.tree.findFault(holds: [first.hold, third.hold]) == nil)
    let nothing = bench.tree.match(text[..<64], behind: third.hold, &bench.allocator)
    #expect(nothing.blocks.isEmpty && nothing.tail == nil && nothing.hold.blocks == 2)
  }

  @Test func `Of two equal blocks that were filled at the same time the first stays`() {
    var bench = Bench()
    let text = Self.text(64)
    var (first, firstTable) = bench.start(text)
    var (second, secondTable) = bench.start(text)
    bench.tree.insert(text[...], &firstTable, at: &first.hold, &bench.allocator)
    let own = secondTable
    bench.tree.insert(text[...], &secondTable, at: &second.hold, &bench.allocator)
    #expect(secondTable == firstTable && own != firstTable)
    #expect(bench.allocator.findFault(tables: [firstTable.full, secondTable.full, bench.tree.blocks]) == nil)
  }

  @Test func `A tail makes place for a longer one, and a shorter one is not needed`() {
    var bench = Bench()
    bench.run(Self.text(40))
    let longer = bench.run(Self.text(50))
    bench.run(Self.text(45))
    #expect(bench.tree.blocks.count == 2)
    #expect(bench.look(Self.text(60)).tail == BlockTree.Tail(block: longer[1], positions: 18))
    let full = bench.run(Self.text(64))
    #expect(bench.tree.blocks.count == 2)
    #expect(bench.look(Self.text(60)).tail == BlockTree.Tail(block: full[1], positions: 28))
  }

  @Test func `The least recently used leaf goes first, and none that is in use`() {
    var bench = Bench()
    let tables = [Token(0), 1000, 2000].map { bench.run(Self.text(64, from: $0)) }
    _ = bench.look(Self.text(64))
    var gone: [Int32] = []
    let (match, table) = bench.start(Self.text(64, from: 1000))
    while bench.tree.evict(&bench.allocator) {
      let free = bench.allocator.take()
      gone.append(free ?? -1)
    }
    #expect(gone == [tables[2][1], tables[2][0], tables[0][1], tables[0][0]])
    #expect(table.full == tables[1])
    bench.tree.discard(table, match.hold, &bench.allocator)
    #expect(bench.tree.blocks.sorted() == tables[1].sorted())
    #expect(bench.tree.counts.evictions == 4)
  }

  @Test func `A block that is to be copied stays until it was`() throws {
    var bench = Bench()
    let table = bench.run(Self.text(20))
    let match = bench.tree.match(Self.text(10)[...], &bench.allocator)
    let tail = try #require(match.tail)
    #expect(tail == BlockTree.Tail(block: table[0], positions: 10))
    let early = bench.evictAll()
    #expect(early == 0)
    bench.allocator.release([tail.block])
    let late = bench.evictAll()
    #expect(late == 1)
  }

  @Test func `What a sequence brought that failed is forgotten, but for what others use`() {
    var bench = Bench()
    let text = Self.text(128)
    bench.run(Array(text[..<32]))
    var (failed, table) = bench.start(text)
    bench.tree.insert(text[...], &table, at: &failed.hold, &bench.allocator)
    let (other, otherTable) = bench.start(Array(text[..<64]))
    bench.tree.discard(table, failed.hold, &bench.allocator)
    #expect(bench.tree.blocks.sorted() == table.full[..<2].sorted())
    bench.tree.discard(otherTable, other.hold, &bench.allocator)
    #expect(bench.look(text).blocks == Array(table.full[..<2]))
  }

  @Test func `Where states are needed a match ends at the last one`() {
    var bench = Bench(needsSnapshots: true)
    let text = Self.text(128)
    var (match, table) = bench.start(text)
    bench.tree.insert(text[..<40], &table, at: &match.hold, snapshot: 7, &bench.allocator)
    bench.tree.insert(text[..<96], &table, at: &match.hold, &bench.allocator)
    bench.tree.finish(text[...], table, match.hold, &bench.allocator)
    let found = bench.look(text)
    #expect(found.snapshot == 7 && found.blocks == [table.full[0]] && found.tail == nil)
    #expect(bench.look(Self.text(50, from: 9)).blocks.isEmpty)
    // Another one for the same place is not needed.
    var (second, secondTable) = bench.start(Array(text[..<32]))
    bench.tree.insert(text[..<32], &secondTable, at: &second.hold, snapshot: 8, &bench.allocator)
    bench.tree.finish(text[..<32], secondTable, second.hold, &bench.allocator)
    #expect(bench.tree.takeFreedSnapshots() == [8])
    _ = bench.evictAll()
    #expect(bench.tree.takeFreedSnapshots() == [7])
  }
}
