internal import ApusCore
internal import ApusModels

/// A text whose whole KV blocks are taken out of an engine, or put into one.
struct SavedText: Sendable {
  let tokens: [Token]
  let root: BlockTree.Root
  /// How many blocks.
  let blocks: Int
  /// The first block whose window block goes with it: those that a token behind the last one looks at.
  let firstWindowBlock: Int
  /// How many parts of each kind it has, and the bytes of each.
  let sizes: [SavedState.Kind: SavedState.Size]

  /// As many blocks of `tokens` as `blocks` says, as `engine` has them.
  init(_ tokens: [Token], _ root: BlockTree.Root, blocks: Int, in engine: Engine) {
    (self.tokens, self.root, self.blocks) = (tokens, root, blocks)
    let first = engine.cacheLayout.window.map {
      KVCacheLayout.firstKeptBlock(at: blocks * KVCacheLayout.blockPositions, window: $0)
    }
    firstWindowBlock = first ?? blocks
    let counts = [SavedState.Kind.full: blocks, .windowed: blocks - firstWindowBlock, .states: min(1, blocks)]
    sizes = engine.partByteCounts.reduce(into: [:]) { sizes, part in
      sizes[part.key] = SavedState.Size(count: counts[part.key] ?? 0, byteCount: part.value)
    }
  }

  /// The tokens of the first blocks.
  func text(blocks: Int) -> ArraySlice<Token> { tokens.prefix(blocks * KVCacheLayout.blockPositions) }

  /// Which parts of a kind go with some of the blocks.
  func parts(_ kind: SavedState.Kind, of range: Range<Int>) -> Range<Int> {
    switch kind {
    case .full: range
    case .windowed:
      max(range.lowerBound, firstWindowBlock) - firstWindowBlock..<max(range.upperBound, firstWindowBlock)
        - firstWindowBlock
    case .states: 0..<(range.upperBound == blocks ? min(1, blocks) : 0)
    }
  }
}

extension SavedState.Kind {
  /// Bytes of one part of each kind; 0 where a cache has none.
  static func byteCounts(in cache: KVCache, _ backend: any Backend) -> [SavedState.Kind: Int] {
    func byteCount(of part: KVCachePart, among count: Int) -> Int {
      count > 0 ? backend.byteCount(of: part, in: cache) : 0
    }
    return [
      .full: byteCount(of: .block(.full, 0), among: cache.layout.blocks),
      .windowed: byteCount(of: .block(.windowed, 0), among: cache.layout.windowBlocks),
      .states: byteCount(of: .slot(0), among: cache.layout.stateSlots),
    ]
  }
}
