// The checked operations on KV blocks as a whole.

extension Backend {
  /// Copies keys and values of the first `positions` positions of a KV block to another block, in all layers of its
  /// kind; what the other positions of `target` hold then is not said.
  ///
  /// Inside a step or between two; what comes after it reads the copy. Two sequences that begin alike part inside a
  /// block: each then writes to one of its own. Costs what it takes to read and write the block.
  package func copyBlock(_ kind: KVBlockKind, from source: Int32, to target: Int32, positions: Int, in cache: KVCache) {
    precondition(owns(cache), "copyBlock: a KV cache of another backend")
    let blocks = 0..<cache.layout.blocks(of: kind)
    precondition(
      source != target && blocks.contains(Int(source)) && blocks.contains(Int(target)),
      "copyBlock: from \(source) to \(target) in a KV cache of \(blocks.count) blocks")
    precondition(
      (0...KVCacheLayout.blockPositions).contains(positions), "copyBlock: \(positions) positions of a KV block")
    _copyBlock(kind, from: source, to: target, positions: positions, in: cache)
  }
}
