package import ApusCore
internal import Foundation

extension ReferenceBackend {
  package func _store(_ k: Buffer, _ v: Buffer?, in cache: KVCache, layer: Int) {
    let format = cache.layout.format
    let layout = cache.layout.layers[layer]
    for row in 0..<k.rows {
      let (number, offset) = batch.slot(of: batch.positions[row], row: row, layout.kind)
      var block = cache.reference[layer, number]
      let keys = format.rounded(Array(k.values(of: row)), head: layout.keyDimension)
      block.keys.replaceSubrange(offset * keys.count..<(offset + 1) * keys.count, with: keys)
      if let v {
        let values = format.rounded(Array(v.values(of: row)), head: layout.valueDimension)
        block.values.replaceSubrange(offset * values.count..<(offset + 1) * values.count, with: values)
      }
      cache.reference[layer, number] = block
    }
  }

  package func _attention(
    _ q: Buffer, over cache: KVCache, layer: Int, _ parameters: AttentionParameters, into y: Buffer
  ) {
    let sinks = parameters.sinks.map { vector($0) ?? [] }
    if sinks?.isEmpty == true { return }
    for row in 0..<q.rows {
      let positions = batch.visiblePositions(of: row, parameters.mask)
      let keyed = positions.map { entry(at: Int32($0), row: row, in: cache, layer: layer) }
      for head in 0..<parameters.heads {
        let distances = positions.map { abs($0 - Int(batch.positions[row])) }
        let scores = zip(keyed, distances).map { entry, distance in
          score(q.values(of: row), entry, distance: distance, head: head, cache.layout.layers[layer], parameters)
        }
        let weights = softmaxed(scores, sink: sinks.map { Double($0[head]) })
        y.replace(
          row: row, from: head * cache.layout.layers[layer].valueDimension,
          by: weightedSum(weights, keyed, head: head, cache.layout.layers[layer], parameters))
      }
    }
  }

  /// Keys and values of all kv heads at one position.
  private struct Entry {
    let keys: ArraySlice<Float>
    let values: ArraySlice<Float>
  }

  private func entry(at position: Int32, row: Int, in cache: KVCache, layer: Int) -> Entry {
    let layout = cache.layout.layers[layer]
    let (number, offset) = batch.slot(of: position, row: row, layout.kind)
    let block = cache.reference[layer, number]
    let (keys, values) = (layout.kvHeads * layout.keyDimension, layout.kvHeads * layout.valueDimension)
    return Entry(
      keys: block.keys.dropFirst(offset * keys).prefix(keys),
      values: layout.valuesAreKeys ? [] : block.values.dropFirst(offset * values).prefix(values))
  }

  private func score(
    _ q: ArraySlice<Float>, _ entry: Entry, distance: Int, head: Int, _ layout: KVLayerLayout,
    _ parameters: AttentionParameters
  ) -> Double {
    let kvHead = head / (parameters.heads / layout.kvHeads)
    let query = q.dropFirst(head * layout.keyDimension).prefix(layout.keyDimension)
    let key = entry.keys.dropFirst(kvHead * layout.keyDimension).prefix(layout.keyDimension)
    var score = Double(parameters.scale) * product(query, key)
    if let softCap = parameters.softCap { score = Double(softCap) * tanh(score / Double(softCap)) }
    if let slopes = parameters.slopes { score -= Double(slopes[head]) * Double(distance) }
    return score
  }

  private func weightedSum(
    _ weights: [Double], _ entries: [Entry], head: Int, _ layout: KVLayerLayout, _ parameters: AttentionParameters
  ) -> [Float] {
    let kvHead = head / (parameters.heads / layout.kvHeads)
    var sums = [Double](repeating: 0, count: layout.valueDimension)
    for (weight, entry) in zip(weights, entries) {
      let values =
        layout.valuesAreKeys
        ? entry.keys.dropFirst(kvHead * layout.keyDimension) : entry.values.dropFirst(kvHead * layout.valueDimension)
      for (i, value) in values.prefix(layout.valueDimension).enumerated() { sums[i] += weight * Double(value) }
    }
    return sums.map { Float($0) }
  }
}

extension AttentionBatch {
  /// The KV block that holds `position` of a row's sequence, and the place in it.
  fileprivate func slot(of position: Int32, row: Int, _ kind: KVBlockKind) -> (block: Int32, offset: Int) {
    let size = KVCacheLayout.blockPositions
    return (tables(of: kind)[Int(sequences[row])][Int(position) / size], Int(position) % size)
  }

  /// The positions that a row's token looks at.
  fileprivate func visiblePositions(of row: Int, _ mask: AttentionParameters.Mask) -> Range<Int> {
    let position = Int(positions[row])
    switch mask {
    case .causal(let window): return max(0, position + 1 - (window ?? position + 1))..<position + 1
    case .full(let window):
      let count = sequences.count { $0 == sequences[row] }
      guard let window else { return 0..<count }
      return max(0, position - window / 2)..<min(count, position + window / 2 + 1)
    }
  }
}

extension KVFormat {
  /// The values as this format keeps them, in heads of `head` values; NaN where it cannot.
  fileprivate func rounded(_ values: [Float], head: Int) -> [Float] {
    switch self {
    case .f32: return values
    case .f16: return values.map { Float(f16Bits: $0.f16Bits) }
    case .q8_0: return stride(from: 0, to: values.count, by: head).flatMap { q8(values[$0..<$0 + head]) }
    }
  }

  /// One head's values by way of Q8_0.
  private func q8(_ values: ArraySlice<Float>) -> [Float] {
    let values = Array(values)
    var bytes = [UInt8](repeating: 0, count: byteCount(values: values.count) ?? 0)
    var result = [Float](repeating: .nan, count: values.count)
    do throws(TensorEncodingError) {
      var target = bytes.mutableSpan
      try TensorFormat.q8_0.encode(values.span, into: &target)
    } catch { return result }
    var target = result.mutableSpan
    unsafe TensorFormat.q8_0.decode(bytes.span.bytes, into: &target)
    return result
  }
}
