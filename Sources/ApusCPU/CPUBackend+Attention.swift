package import ApusCore

extension CPUBackend {
  package func _store(_ k: Buffer, _ v: Buffer?, in cache: KVCache, layer: Int) {
    guard let v = v?.cpu else { preconditionFailure("not yet") }
    let (k, cache) = (k.cpu, cache.cpu[layer])
    let layout = cache.layout
    let (heads, dimension) = (layout.kvHeads, layout.keyDimension)
    // Of keys every value is on a cache line of its own: soon worth a thread.
    let perTile = max(1, Self.smallestStore / dimension)
    pool.run(tiles: (batch.rows * heads + perTile - 1) / perTile) { tile, _ in
      for index in tile * perTile..<min(batch.rows * heads, (tile + 1) * perTile) {
        let (row, head) = (index / heads, index % heads)
        let slot = batch.slot(of: row)
        let keys = unsafe cache.keys + slot.block * cache.keyBlockByteCount
        let values = unsafe cache.values + slot.block * cache.valueBlockByteCount
        unsafe kernels.storeKey(
          k.row(row) + head * dimension, dimension: dimension, as: cache.format, offset: slot.offset,
          in: keys + head * cache.keyHeadByteCount)
        unsafe kernels.storeValue(
          v.row(row) + head * layout.valueDimension, dimension: layout.valueDimension, as: cache.format,
          offset: slot.offset, in: values + head * cache.valueHeadByteCount)
      }
    }
  }

  /// Values of keys below which waking threads costs more than it saves.
  private static let smallestStore = 1_024

  package func _attention(
    _ q: Buffer, over cache: KVCache, layer: Int, _ parameters: AttentionParameters, into y: Buffer
  ) {
    attentionRuns.cut(batch, maxTokens: Self.attentionTokens)
    let job = AttentionJob(
      runs: attentionRuns, batch: batch, q: q.cpu, cache: cache.cpu[layer], parameters: parameters, y: y.cpu)
    do throws(BackendError) {
      try attentionRoom.reserve(for: job, workers: pool.threadCount)
    } catch { return fail(error) }
    if batch.rows == 1, (Int(batch.positions[0]) + 1) * q.columns < Self.smallestAttention {
      for tile in 0..<job.tiles { whole(job, tile: tile, worker: 0) }
    } else if job.isCut(workers: pool.threadCount) {
      pool.run(tiles: job.tiles * job.maxParts) { tile, worker in part(job, tile: tile, worker: worker) }
      pool.run(tiles: job.tiles) { tile, _ in merge(job, tile: tile) }
    } else {
      pool.run(tiles: job.tiles) { tile, worker in whole(job, tile: tile, worker: worker) }
    }
  }

  /// Positions times values below which waking threads costs more than it saves.
  private static let smallestAttention = 16_384
  /// Tokens of a prompt that share the keys and values of a KV block.
  private static let attentionTokens = 16

  /// All parts of a run and a kv head, one after the other.
  private func whole(_ job: AttentionJob, tile: Int, worker: Int) {
    let room = unsafe attentionRoom.worker(worker)
    unsafe job.withOperands(tile) { operands, kvHead in
      for part in unsafe operands.parts {
        let isFirst = unsafe part == operands.parts.lowerBound
        let result = unsafe isFirst ? room.merged : room.part
        unsafe kernels.attention(operands, kvHead: kvHead, part: part, scratch: room.scratch, into: result)
        if !isFirst { unsafe kernels.mergeAttention(operands, part: room.part, into: room.merged) }
      }
      unsafe kernels.finishAttention(operands, kvHead: kvHead, merged: room.merged)
    }
  }

  /// One part of a run and a kv head.
  private func part(_ job: AttentionJob, tile: Int, worker: Int) {
    let room = unsafe attentionRoom.worker(worker)
    unsafe job.withOperands(tile / job.maxParts) { operands, kvHead in
      let part = unsafe operands.parts.lowerBound + tile % job.maxParts
      guard unsafe operands.parts.contains(part) else { return }
      unsafe kernels.attention(
        operands, kvHead: kvHead, part: part, scratch: room.scratch, into: attentionRoom.part(tile))
    }
  }

  private func merge(_ job: AttentionJob, tile: Int) {
    unsafe job.withOperands(tile) { operands, kvHead in
      let first = tile * job.maxParts
      for part in unsafe 1..<max(1, operands.parts.count) {
        unsafe kernels.mergeAttention(
          operands, part: attentionRoom.part(first + part), into: attentionRoom.part(first))
      }
      unsafe kernels.finishAttention(operands, kvHead: kvHead, merged: attentionRoom.part(first))
    }
  }
}

extension AttentionBatch {
  /// The KV block and the position in it of a row's token.
  fileprivate func slot(of row: Int) -> (block: Int, offset: Int) {
    let position = Int(positions[row])
    let table = blockTables[Int(sequences[row])]
    return (Int(table[position / KVCacheLayout.blockPositions]), position % KVCacheLayout.blockPositions)
  }
}
