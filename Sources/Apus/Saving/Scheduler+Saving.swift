internal import ApusCore
internal import ApusModels

extension Scheduler {
  /// How many blocks a sequence that begins with `tokens` could go on behind.
  mutating func keptBlocks(of tokens: [Token], _ root: BlockTree.Root) -> Int {
    tree.find(tokens[...], root, &allocator).table.full.count
  }

  /// Where some parts of a text lie; nil where what is needed to go on behind it is no longer there.
  ///
  /// To be read before anything else is done with the scheduler.
  mutating func places(of parts: Range<Int>, _ kind: SavedState.Kind, of saved: SavedText) -> [KVCachePart]? {
    let (table, snapshot) = tree.find(saved.text(blocks: saved.blocks), saved.root, &allocator)
    guard table.full.count == saved.blocks else { return nil }
    switch kind {
    case .full: return table.full[parts].map { .block(.full, $0) }
    case .windowed:
      let first = saved.firstWindowBlock
      return table.windowed[first + parts.lowerBound..<first + parts.upperBound].map { .block(.windowed, $0) }
    case .states: return snapshot.map { [.slot($0)] }
    }
  }

  /// Takes in some of a text's blocks, and with the last one the states behind it; those before them are there.
  ///
  /// Cached ones give way, and none that running sequences use or soon need. `fill` is called for each place with the
  /// block's index. False where there is no room, or where blocks before them have given way meanwhile.
  mutating func restore(_ blocks: Range<Int>, of saved: SavedText, _ fill: (KVCachePart, Int) -> Void) -> Bool {
    guard var hold = tree.hold(blocks.lowerBound, of: saved.tokens[...], saved.root) else { return false }
    // Blocks before these are the tree's alone.
    var table = KVBlockTable(full: Array(repeating: -1, count: blocks.lowerBound))
    if limits.window != nil {
      table.windowed = Array(repeating: AttentionBatch.givenUp, count: blocks.lowerBound)
    }
    for index in blocks {
      guard let places = takePlaces(of: index, saved) else { break }
      table.full.append(places.full)
      fill(.block(.full, places.full), index)
      guard limits.window != nil else { continue }
      table.windowed.append(places.windowed)
      if places.windowed != AttentionBatch.givenUp { fill(.block(.windowed, places.windowed), index) }
    }
    let isWhole = table.full.count == blocks.upperBound
    let snapshot = isWhole && blocks.upperBound == saved.blocks ? takeSnapshot(of: saved, fill) : nil
    tree.insert(saved.text(blocks: table.full.count), &table, at: &hold, snapshot: snapshot, &allocator)
    tree.release(hold.node)
    allocator.release(table.full[blocks.lowerBound...])
    tree.releaseWindowBlocks(table.windowed)
    return isWhole
  }

  /// A block of each kind that a place of the text has; nil where there is no room.
  private mutating func takePlaces(of index: Int, _ saved: SavedText) -> (full: Int32, windowed: Int32)? {
    guard let block = takeSpareBlock() else { return nil }
    guard limits.window != nil, index >= saved.firstWindowBlock else { return (block, AttentionBatch.givenUp) }
    if let windowed = takeSpareWindowBlock() { return (block, windowed) }
    allocator.release(CollectionOfOne(block))
    return nil
  }

  /// A state slot that has been filled; nil for a model without recurrent layers, or where none is free.
  private mutating func takeSnapshot(of saved: SavedText, _ fill: (KVCachePart, Int) -> Void) -> Int32? {
    guard limits.hasStates, let slot = takeSlot(leaving: limits.maximumSequences - running.count) else { return nil }
    fill(.slot(slot), saved.blocks)
    return slot
  }
}
