package import ApusCore

extension CPUBackend {
  package func _store(_ k: Buffer, _ v: Buffer?, in cache: KVCache, layer: Int) {
    let (k, v, cache) = (k.cpu, v?.cpu, cache.cpu[layer])
    let (kernels, slots, heads) = (kernels, kvSlots(of: cache.layout.kind), cache.layout.kvHeads)
    let values = cache.layout.valuesAreKeys ? nil : v
    // Of keys every value is on a cache line of its own: soon worth a thread.
    let perTile = max(1, Self.smallestStore / max(1, cache.layout.keyDimension))
    pool.run(tiles: (slots.count * heads + perTile - 1) / perTile) { tile, _ in
      for index in tile * perTile..<min(slots.count * heads, (tile + 1) * perTile) {
        let (row, head) = (index / heads, index % heads)
        storeKey(k, row, head, at: slots[row], in: cache, kernels)
        if let values { storeValue(values, row, head, at: slots[row], in: cache, kernels) }
      }
    }
  }

  private func storeKey(
    _ k: CPURows, _ row: Int, _ head: Int, at slot: KVSlot, in cache: CPUKVLayer, _ kernels: Kernels
  ) {
    let dimension = cache.layout.keyDimension
    let block = unsafe cache.keys + slot.block * cache.keyBlockByteCount + head * cache.keyHeadByteCount
    unsafe kernels.storeKey(
      k.row(row) + head * dimension, dimension: dimension, as: cache.format, offset: slot.offset, in: block)
  }

  private func storeValue(
    _ v: CPURows, _ row: Int, _ head: Int, at slot: KVSlot, in cache: CPUKVLayer, _ kernels: Kernels
  ) {
    let dimension = cache.layout.valueDimension
    let block = unsafe cache.values + slot.block * cache.valueBlockByteCount + head * cache.valueHeadByteCount
    unsafe kernels.storeValue(
      v.row(row) + head * dimension, dimension: dimension, as: cache.format, offset: slot.offset, in: block)
  }

  /// Values of keys below which waking threads costs more than it saves.
  private static let smallestStore = 1_024

  package func _attention(
    _ q: Buffer, over cache: KVCache, layer: Int, _ parameters: AttentionParameters, into y: Buffer
  ) {
    if let sinks = parameters.sinks, !verify(sinks.cpu) { return }
    let layer = cache.cpu[layer]
    let group = max(1, parameters.heads / layer.layout.kvHeads)
    attentionRuns.cut(batch, maxTokens: attentionTokens(group: group, layer.layout))
    let job = AttentionJob(
      runs: attentionRuns, batch: batch, q: q.cpu, cache: layer, parameters: parameters, y: y.cpu)
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
  /// Values, over all queries of a run, that their sums may have: those and the queries stay in a second-level cache.
  private static let largestSums = 32_768

  /// Tokens of a prompt that share the keys and values of a KV block, which are read and made floats once for all.
  ///
  /// As many as a core's caches bear, but no more than give each thread eight tiles, and no fewer than pay for the floats;
  /// in runs of about the same length.
  private func attentionTokens(group: Int, _ layout: KVLayerLayout) -> Int {
    let fewest = max(1, min(max(16, 64 / group), 32, 256 / group))
    let most = max(fewest, Self.largestSums / (group * max(1, layout.valueDimension)))
    let tokens = min(most, max(fewest, batch.rows * layout.kvHeads / (8 * pool.threadCount)))
    let runs = max(1, (batch.rows + tokens - 1) / tokens)
    return (batch.rows + runs - 1) / runs
  }

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

/// A KV block and a position in it.
struct KVSlot {
  let block: Int
  let offset: Int
}

extension AttentionBatch {
  /// Where each row's keys and values are put, for one kind of layers; nothing where the batch has none of that kind.
  func kvSlots(of kind: KVBlockKind) -> [KVSlot] {
    let tables = tables(of: kind)
    if tables.isEmpty { return [] }
    return zip(positions, sequences).map { position, sequence in
      let (block, offset) = Int(position).quotientAndRemainder(dividingBy: KVCacheLayout.blockPositions)
      return KVSlot(block: Int(tables[Int(sequence)][block]), offset: offset)
    }
  }
}
