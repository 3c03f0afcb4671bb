package import ApusCore

extension CPUBackend {
  package func store(_ k: Buffer, _ v: Buffer, in cache: KVCache, layer: Int, at batch: AttentionBatch) {
    let (k, v, cache) = (k.cpu, v.cpu, cache.cpu)
    let layout = cache.layout
    let perTile = max(1, 8_192 / max(1, k.columns))
    pool.run(tiles: (batch.rows + perTile - 1) / perTile) { tile, _ in
      for row in tile * perTile..<min(batch.rows, (tile + 1) * perTile) {
        let slot = batch.slot(of: row)
        for head in 0..<layout.kvHeads {
          let index = head * KVCacheLayout.blockPositions + slot.offset
          let key = unsafe cache.keys(layer: layer) + slot.block * cache.keyBlockByteCount
          let value = unsafe cache.values(layer: layer) + slot.block * cache.valueBlockByteCount
          unsafe kernels.encode(
            k.row(row) + head * layout.keyDimension, count: layout.keyDimension, as: layout.format,
            into: key + index * cache.keyRowByteCount)
          unsafe kernels.encode(
            v.row(row) + head * layout.valueDimension, count: layout.valueDimension, as: layout.format,
            into: value + index * cache.valueRowByteCount)
        }
      }
    }
  }

  package func attention(
    _ q: Buffer, over cache: KVCache, layer: Int, at batch: AttentionBatch, _ parameters: AttentionParameters,
    into y: Buffer
  ) {
    let (q, y, cache) = (q.cpu, y.cpu, cache.cpu)
    let layout = cache.layout
    let kvHeads = layout.kvHeads
    let work = { (tile: Int) in
      let (row, kvHead) = (tile / kvHeads, tile % kvHeads)
      let end = Int(batch.positions[row]) + 1
      let first = parameters.window.map { max(0, end - $0) } ?? 0
      unsafe batch.blockTables[Int(batch.sequences[row])].withUnsafeBufferPointer { table in
        guard let blocks = table.baseAddress else { return }
        let operands = unsafe Kernels.Attention(
          format: layout.format, q: q.row(row), y: y.row(row), keys: cache.keys(layer: layer),
          values: cache.values(layer: layer), keyBlockByteCount: cache.keyBlockByteCount,
          valueBlockByteCount: cache.valueBlockByteCount, blockTable: blocks, group: parameters.heads / kvHeads,
          keyDimension: layout.keyDimension, valueDimension: layout.valueDimension, positions: first..<end,
          scale: parameters.scale)
        unsafe self.kernels.attention(operands, kvHead: kvHead)
      }
    }
    if batch.rows == 1, (Int(batch.positions[0]) + 1) * q.columns < Self.smallestAttention {
      for head in 0..<kvHeads { work(head) }
    } else {
      pool.run(tiles: batch.rows * kvHeads) { tile, _ in work(tile) }
    }
  }

  /// Positions times values below which waking threads costs more than it saves.
  private static let smallestAttention = 16_384
}

extension AttentionBatch {
  /// The KV block and the position in it of a row's token.
  fileprivate func slot(of row: Int) -> (block: Int, offset: Int) {
    let position = Int(positions[row])
    let table = blockTables[Int(sequences[row])]
    return (Int(table[position / KVCacheLayout.blockPositions]), position % KVCacheLayout.blockPositions)
  }
}
