// The checked operations on KV blocks and state slots as a whole.

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

  /// Bytes of a KV block or a state slot as `read` gives them: the same for all of its kind.
  package func byteCount(of part: KVCachePart, in cache: KVCache) -> Int {
    check(part, of: cache, "byteCount")
    return _byteCount(of: part, in: cache)
  }

  /// Copies a KV block or a state slot to `bytes`, as many as `byteCount` says.
  ///
  /// They are as this backend stores them: of use to the same kind of backend with the same layout and kernels only.
  /// Between two steps. Costs what it takes to read and write them.
  package func read(_ part: KVCachePart, of cache: KVCache, into bytes: inout MutableSpan<UInt8>) {
    check(part, of: cache, "read")
    precondition(!checks.isUnderWay, "read: a part of a KV cache inside a step")
    let expected = _byteCount(of: part, in: cache)
    precondition(bytes.count == expected, "read: \(bytes.count) bytes for a part of \(expected)")
    _read(part, of: cache, into: &bytes)
  }

  /// Puts what `read` gave into a KV block or a state slot, in the place of what it held.
  ///
  /// Any bytes will do: those that are no keys, values or states spoil only results that look at them. Between two steps.
  package func write(_ bytes: Span<UInt8>, to part: KVCachePart, of cache: KVCache) {
    check(part, of: cache, "write")
    precondition(!checks.isUnderWay, "write: a part of a KV cache inside a step")
    let expected = _byteCount(of: part, in: cache)
    precondition(bytes.count == expected, "write: \(bytes.count) bytes for a part of \(expected)")
    _write(bytes, to: part, of: cache)
  }

  private func check(_ part: KVCachePart, of cache: KVCache, _ operation: String) {
    precondition(owns(cache), "\(operation): a KV cache of another backend")
    let (number, count) =
      switch part {
      case .block(let kind, let block): (block, cache.layout.blocks(of: kind))
      case .slot(let slot): (slot, cache.layout.stateSlots)
      }
    precondition((0..<count).contains(Int(number)), "\(operation): \(part) of a KV cache that has \(count)")
  }
}
