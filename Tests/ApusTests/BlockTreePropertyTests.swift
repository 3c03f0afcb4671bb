internal import Apus
internal import ApusCore
internal import ApusModels
internal import ApusSampling
internal import Testing

/// Random sequences over a tiny pool, beside a list of all beginnings of texts that the tree should have.
struct BlockTreePropertyTests {
  @Test(arguments: 0..<50)
  func `The match is the longest, the oldest leaf goes, and no block is lost`(seed: UInt64) throws {
    var run = Run(seed: seed)
    for _ in 0..<2_000 {
      try run.act()
      try #require(run.tree.findFault(holds: run.running.map(\.hold)) == nil)
      try #require(run.allocator.findFault(tables: run.tables) == nil)
      try #require(run.tree.blocks.sorted() == run.entries.values.map(\.block).sorted())
      try #require(run.tree.findWindowFault(tables: run.windowTables) == nil)
      try #require(run.tree.windowBlocks.sorted() == run.entries.values.compactMap(\.windowBlock).sorted())
      run.takeSnapshots()
      try #require(run.snapshots == Set(run.entries.values.compactMap(\.snapshot)))
    }
    while !run.running.isEmpty { run.end(0, keeps: false) }
    while try run.evict() {}
    #expect(run.entries.isEmpty && run.tree.blocks.isEmpty && run.tree.findFault(holds: []) == nil)
    #expect(run.allocator.findFault(tables: []) == nil)
    #expect(run.tree.counts.hits > 0 && run.tree.counts.misses > 0 && run.tree.counts.evictions > 0)
  }
}

/// A block of the model, which is the list of them by the whole text that ends in it.
private struct Entry {
  let block: Int32
  var lastUse: Int
  var snapshot: Int32?
  var windowBlock: Int32?
}

/// A running sequence.
private struct Running {
  var text: [Token]
  var table: KVBlockTable
  var hold: BlockTree.Hold
  /// Tokens whose keys and values are stored.
  var stored: Int
  /// A block that waits to be copied to the last one of the table.
  var tail: BlockTree.Tail?
  let matched: Int

  /// The key of the entry that has a block of it.
  func key(_ block: Int) -> [Token] { Array(text[..<((block + 1) * KVCacheLayout.blockPositions)]) }

  /// Texts that end in the full blocks up to the hold.
  var path: [[Token]] { (0..<hold.blocks).map { key($0) } }
}

private struct Run {
  var tree: BlockTree
  var allocator: KVBlockAllocator
  var random: RandomSource
  let alphabet: Int
  let needsSnapshots: Bool
  let window: Int?
  /// What each block holds, and each window block.
  var places: [Int32: [Token]] = [:]
  var windowPlaces: [Int32: [Token]] = [:]
  var entries: [[Token]: Entry] = [:]
  var running: [Running] = []
  var texts: [[Token]] = []
  var clock = 0
  var nextSnapshot: Int32 = 0
  var snapshots: Set<Int32> = []

  init(seed: UInt64) {
    random = RandomSource(seed: seed)
    allocator = KVBlockAllocator(count: 6 + Int(random.next() % 20))
    alphabet = 1 + Int(random.next() % 4)
    needsSnapshots = random.next() % 4 == 0
    window = seed % 2 == 0 ? nil : 1 + Int(random.next() % 90)
    tree = BlockTree(
      needsSnapshots: needsSnapshots, window: window, windowBlocks: window == nil ? 0 : 4 + Int(random.next() % 16))
  }

  mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

  mutating func use(_ key: [Token]) {
    let now = tick()
    entries[key]?.lastUse = now
  }

  mutating func tick() -> Int {
    clock += 1
    return clock
  }

  /// Often begins like an earlier text, and then has a token of its own.
  mutating func makeText() -> [Token] {
    var text: [Token] = []
    if !texts.isEmpty, pick(5) > 0 {
      let earlier = texts[pick(texts.count)]
      text = Array(earlier.prefix(1 + pick(earlier.count)))
    }
    for _ in 0..<pick(70) { text.append(Token(pick(alphabet))) }
    text.append(Token(pick(4)))
    texts.append(text)
    if texts.count > 12 { texts.remove(at: pick(12)) }
    return text
  }
}

extension Run {
  private static var size: Int { KVCacheLayout.blockPositions }

  var tables: [[Int32]] { running.map(\.table.full) + [running.compactMap(\.tail?.block), tree.blocks] }
  var windowTables: [[Int32]] { running.map(\.table.windowed) + [running.compactMap(\.tail?.windowBlock)] }

  mutating func act() throws {
    switch pick(10) {
    case 0, 1: if running.count < 4 { try start() }
    case 2 where !running.isEmpty: end(pick(running.count), keeps: pick(3) > 0)
    case 3: _ = try evict()
    default: if !running.isEmpty { try step(pick(running.count)) }
    }
  }

  mutating func start() throws {
    let text = makeText()
    let match = tree.match(text[...], behind: tree.start(root(of: text)), &allocator)
    let found = match.blocks.count * Self.size + (match.tail?.positions ?? 0)
    try #require(longestMatches(text).contains(found))
    tree.noteStart(found: found)
    let all = match.blocks + (match.tail.map { [$0.block] } ?? [])
    try #require(all.flatMap { places[$0] ?? [] }.prefix(found).elementsEqual(text[..<found]))
    if needsSnapshots, !match.blocks.isEmpty {
      try #require(match.snapshot == entries[Array(text[..<found])]?.snapshot && match.snapshot != nil)
    }
    if let tail = match.tail, let key = entries.first(where: { $0.value.block == tail.block })?.key {
      if !isHeld(key) { use(key) }
    }
    try checkWindow(match, text)
    let sequence = Running(
      text: text, table: match.table, hold: match.hold, stored: match.blocks.count * Self.size, tail: match.tail,
      matched: match.blocks.count)
    running.append(sequence)
  }

  /// Texts that begin alike are computed with the same adapters, for the same clients.
  private func root(of text: [Token]) -> BlockTree.Root {
    switch text[0] % 4 {
    case 0: BlockTree.Root()
    case 1: BlockTree.Root(adapters: [AdapterUse(0, scale: 1)])
    case 2: BlockTree.Root(adapters: [AdapterUse(0, scale: 2)])
    default: BlockTree.Root(salt: "a")
    }
  }

  /// How much of a text the entries have, as far as one can go on there; more than one value where either of several
  /// blocks may be copied.
  private func longestMatches(_ text: [Token]) -> Set<Int> {
    let full = Set(entries.keys.filter { $0.count.isMultiple(of: Self.size) && text.starts(with: $0) }.map(\.count))
    let good =
      full.filter { count in
        (!needsSnapshots || entries[Array(text[..<count])]?.snapshot != nil) && hasWindow(text, count)
      }.max() ?? 0
    if needsSnapshots || good < full.max() ?? 0 { return [good] }
    let tails = entries.filter { $0.key.count > good && $0.key.starts(with: text[..<good]) }
      .map { (common: zip($0.key, text).prefix { $0 == $1 }.count, entry: $0.value) }
    let longest = tails.map(\.common).max() ?? good
    return Set(
      tails.filter { $0.common == longest }.map { window == nil || $0.entry.windowBlock != nil ? longest : good }
    )
    .union(tails.isEmpty ? [good] : [])
  }

  /// Whether the entries have what a window sees from the end of so many tokens.
  private func hasWindow(_ text: [Token], _ count: Int) -> Bool {
    guard let window else { return true }
    return (KVCacheLayout.firstKeptBlock(at: count, window: window)..<count / Self.size).allSatisfy { block in
      entries[Array(text[..<((block + 1) * Self.size)])]?.windowBlock != nil
    }
  }

  /// A match has just the window blocks that are seen from its end, and they hold its text.
  private func checkWindow(_ match: BlockTree.Match, _ text: [Token]) throws {
    guard let window else { return #expect(match.table.windowed.isEmpty) }
    let first = KVCacheLayout.firstKeptBlock(at: match.blocks.count * Self.size, window: window)
    try #require(match.table.windowed.count == match.blocks.count)
    for (number, block) in match.table.windowed.enumerated() {
      let part = text[number * Self.size..<(number + 1) * Self.size]
      try #require(number < first ? block == AttentionBatch.givenUp : windowPlaces[block]?[...] == part)
    }
    guard let tail = match.tail else { return }
    let rest = text.dropFirst(match.blocks.count * Self.size).prefix(tail.positions)
    try #require(windowPlaces[tail.windowBlock]?.starts(with: rest) == true)
  }

  func isHeld(_ key: [Token]) -> Bool {
    running.contains { $0.hold.blocks * Self.size >= key.count && $0.text.starts(with: key) }
  }

  /// A chunk of a sequence; its new blocks go to the tree.
  mutating func step(_ index: Int) throws {
    if running[index].stored == running[index].text.count { running[index].text.append(Token(pick(4))) }
    var count = min(1 + pick(50), running[index].text.count - running[index].stored)
    let blocks = KVCacheLayout.blocks(forPositions: running[index].stored + count)
    while running[index].table.full.count < blocks {
      guard let block = try take() else { return }
      running[index].table.full.append(block)
    }
    while window != nil, running[index].table.windowed.count < blocks {
      guard let block = try takeWindowBlock() else { return }
      running[index].table.windowed.append(block)
    }
    if let tail = running[index].tail {
      // What was there before the copy does not matter.
      let number = running[index].stored / Self.size
      places[running[index].table.full[number]] = places[tail.block]
      if window != nil { windowPlaces[running[index].table.windowed[number]] = windowPlaces[tail.windowBlock] }
      running[index].stored += tail.positions
      count = min(count, running[index].text.count - running[index].stored)
      release(tail)
      running[index].tail = nil
    }
    let table = running[index].table
    let kept = window == nil ? table.full.count : min(table.full.count, table.windowed.count)
    count = min(count, kept * Self.size - running[index].stored)
    for position in running[index].stored..<running[index].stored + count {
      let (table, number, token) = (running[index].table, position / Self.size, running[index].text[position])
      Self.write(token, table.full[number], position % Self.size, &places)
      if window != nil { Self.write(token, table.windowed[number], position % Self.size, &windowPlaces) }
    }
    running[index].stored += count
    insert(index)
  }

  private mutating func release(_ tail: BlockTree.Tail) {
    allocator.release([tail.block])
    tree.releaseWindowBlocks([tail.windowBlock])
  }

  private static func write(_ token: Token, _ block: Int32, _ offset: Int, _ places: inout [Int32: [Token]]) {
    places[block, default: Array(repeating: -1, count: size)][offset] = token
  }

  private mutating func insert(_ index: Int) {
    let old = running[index].hold.blocks
    var snapshot: Int32?
    if needsSnapshots, running[index].stored.isMultiple(of: Self.size) || pick(4) == 0 {
      snapshot = nextSnapshot
      snapshots.insert(nextSnapshot)
      nextSnapshot += 1
    }
    let before = running[index].table
    var sequence = running[index]
    tree.insert(
      sequence.text[..<sequence.stored], &sequence.table, at: &sequence.hold, snapshot: snapshot, &allocator)
    running[index] = sequence
    for (number, key) in running[index].path.enumerated().dropFirst(old) {
      add(key, before.full[number])
      #expect(entries[key]?.block == running[index].table.full[number])
      if window != nil {
        keepWindowBlock(before.windowed[number], key)
        #expect(entries[key]?.windowBlock == running[index].table.windowed[number])
      }
    }
    leaveBehind(index)
    if let key = running[index].path.last, entries[key]?.snapshot == nil { entries[key]?.snapshot = snapshot }
  }

  /// What the model has of a text: the block that is there already, or a new one in the place of its own beginnings.
  private mutating func add(_ key: [Token], _ block: Int32) {
    let start = (key.count - 1) / Self.size * Self.size
    let siblings = entries.keys.filter { $0.count > start && $0.count <= start + Self.size }
    let covers = siblings.filter { $0.starts(with: key) }
    if let cover = covers.min(by: { $0.lexicographicallyPrecedes($1) }) {
      if !isHeld(cover) { use(cover) }
      return
    }
    for tail in siblings where key.starts(with: tail) { entries[tail] = nil }
    entries[key] = Entry(block: block, lastUse: tick())
  }

  mutating func end(_ index: Int, keeps: Bool) {
    // What waits to be copied is not.
    if let tail = running[index].tail { release(tail) }
    if keeps { insert(index) }
    let sequence = running[index]
    let kept = sequence.text[..<sequence.stored]
    if keeps {
      if !sequence.stored.isMultiple(of: Self.size) {
        add(Array(kept), sequence.table.full[sequence.stored / Self.size])
        if window != nil { keepWindowBlock(sequence.table.windowed[sequence.stored / Self.size], Array(kept)) }
      }
      tree.finish(kept, sequence.table, sequence.hold, &allocator)
    } else {
      tree.discard(sequence.table, sequence.hold, &allocator)
    }
    running.remove(at: index)
    for key in sequence.path.reversed() where !isHeld(key) { use(key) }
    if keeps { return }
    for key in sequence.path.dropFirst(sequence.matched).reversed() where !isHeld(key) && isLeaf(key) {
      entries[key] = nil
    }
  }

  private func isLeaf(_ key: [Token]) -> Bool {
    !entries.keys.contains { $0.count > key.count && $0.starts(with: key) }
  }

  /// A free block, for which others give way.
  private mutating func take() throws -> Int32? {
    while true {
      if let block = allocator.take() { return block }
      guard try evict() else { return nil }
    }
  }

  /// Has the tree give up a block, and compares it with the oldest leaf of the model.
  mutating func evict() throws -> Bool {
    let pending = running.compactMap(\.tail?.block)
    let leaves = entries.filter { isLeaf($0.key) && !isHeld($0.key) && !pending.contains($0.value.block) }
    let oldest = leaves.min { $0.value.lastUse < $1.value.lastUse }
    let before = Set(tree.blocks)
    let found = tree.evict(&allocator)
    try #require(found == (oldest != nil))
    try #require(before.subtracting(tree.blocks) == Set(oldest.map { [$0.value.block] } ?? []))
    if let oldest { entries[oldest.key] = nil }
    return found
  }

  /// A free window block, or one that the tree gives up: it must be none that a sequence uses.
  private mutating func takeWindowBlock() throws -> Int32? {
    guard let block = tree.takeWindowBlock() else { return nil }
    try #require(!windowTables.joined().contains(block))
    if let key = entries.first(where: { $0.value.windowBlock == block })?.key { entries[key]?.windowBlock = nil }
    return block
  }

  /// An entry without a window block gets one.
  private mutating func keepWindowBlock(_ block: Int32, _ key: [Token]) {
    if entries[key]?.windowBlock == nil { entries[key]?.windowBlock = block }
  }

  /// A sequence gives up the window blocks that it does not need any more.
  private mutating func leaveBehind(_ index: Int) {
    guard let window else { return }
    let first = KVCacheLayout.firstKeptBlock(at: running[index].stored, window: window)
    tree.releaseWindowBlocks(running[index].table.windowed[..<first])
    for number in 0..<first { running[index].table.windowed[number] = AttentionBatch.givenUp }
  }

  /// Takes back the slots that the tree gave up.
  mutating func takeSnapshots() {
    for slot in tree.takeFreedSnapshots() { #expect(snapshots.remove(slot) != nil) }
  }
}
