internal import ApusCore

/// Keys and values of sequences that have ended, kept for prompts that begin alike.
///
/// A pure value. An entry is taken over whole by the sequence that uses it, down to the token; only where that would cost another
/// conversation its long tail are whole KV blocks shared instead.
package struct PrefixCache: Sendable {
  /// The tokens of an ended sequence and the KV blocks that hold all of them.
  private struct Entry: Sendable {
    let tokens: [Token]
    let blocks: [Int32]
  }

  /// What a new sequence starts with: the first `count` positions are in `blocks`.
  package struct Match: Sendable, Equatable {
    package var count = 0
    package var blocks: [Int32] = []
  }

  /// From so many common tokens on, blocks are shared rather than taken over: at most a block is computed again.
  private static let sharedMinimum = 8 * KVCacheLayout.blockPositions

  /// The entries, least recently used first.
  private var entries: [Entry] = []

  /// An empty cache.
  package init() {}

  /// The block tables of all entries.
  package var tables: [[Int32]] { entries.map(\.blocks) }

  /// Keeps the KV blocks of an ended sequence; they stay its users.
  package mutating func keep(_ tokens: [Token], in blocks: [Int32]) {
    entries.append(Entry(tokens: tokens, blocks: blocks))
  }

  /// The longest beginning of `tokens` that an entry has; its blocks now belong to the caller.
  package mutating func take(_ tokens: ArraySlice<Token>, _ allocator: inout KVBlockAllocator) -> Match {
    var best = (index: 0, count: 0)
    for (index, entry) in entries.enumerated() {
      let count = zip(entry.tokens, tokens).prefix { $0 == $1 }.count
      if count >= best.count { best = (index, count) }
    }
    guard best.count > 0 else { return Match() }
    let entry = entries.remove(at: best.index)
    let isTailLong = entry.tokens.count - best.count >= KVCacheLayout.blockPositions
    if isTailLong, best.count >= Self.sharedMinimum { return share(entry, best.count, &allocator) }
    return takeOver(entry, best.count, &allocator)
  }

  private func takeOver(_ entry: Entry, _ count: Int, _ allocator: inout KVBlockAllocator) -> Match {
    var count = count
    var kept = KVCacheLayout.blocks(forPositions: count)
    // A KV block that is full only in part will be written to: it must not belong to others too.
    if !count.isMultiple(of: KVCacheLayout.blockPositions), allocator.isShared(entry.blocks[kept - 1]) {
      kept -= 1
      count = kept * KVCacheLayout.blockPositions
    }
    allocator.release(entry.blocks[kept...])
    return Match(count: count, blocks: Array(entry.blocks[..<kept]))
  }

  private mutating func share(_ entry: Entry, _ count: Int, _ allocator: inout KVBlockAllocator) -> Match {
    entries.append(entry)
    let blocks = Array(entry.blocks[..<(count / KVCacheLayout.blockPositions)])
    allocator.share(blocks)
    return Match(count: blocks.count * KVCacheLayout.blockPositions, blocks: blocks)
  }

  /// Gives up the least recently used entry; false if there is none.
  package mutating func evict(_ allocator: inout KVBlockAllocator) -> Bool {
    guard !entries.isEmpty else { return false }
    allocator.release(entries.removeFirst().blocks)
    return true
  }

  /// What is wrong with the entries; nil if all is well.
  package func findFault() -> String? {
    for entry in entries where entry.blocks.count != KVCacheLayout.blocks(forPositions: entry.tokens.count) {
      return "a cached prefix of \(entry.tokens.count) tokens has \(entry.blocks.count) KV blocks"
    }
    return nil
  }
}
