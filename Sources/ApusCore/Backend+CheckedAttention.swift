// The checked operations that know positions, keys and values.

extension Backend {
  /// Cosine and sine for the step's positions, into table `[rows, 2 · pairs]`: first all cosines, then all sines.
  ///
  /// Only in a step, of which the table has all rows.
  package func ropeTable(_ parameters: RopeParameters, into table: Buffer) {
    precondition(owns(table), "ropeTable: a buffer of another backend")
    precondition(checks.isUnderWay, "ropeTable: no step has begun")
    precondition(
      table.rows == checks.rows && table.columns == 2 * parameters.frequencies.count,
      "ropeTable: \(parameters.frequencies.count) pairs of \(checks.rows) rows into \(table.shape)")
    _ropeTable(parameters, into: table)
  }

  /// Turns `2 · pairs` values of each head of x, from `offset` on, by the table; other values stay.
  package func rope(
    _ x: Buffer, headDimension: Int, offset: Int = 0, table: Buffer, pairing: RopeParameters.Pairing
  ) {
    precondition(owns(x) && owns(table) && x !== table, "rope: a buffer of another backend, or by itself")
    precondition(
      headDimension > 0 && x.columns.isMultiple(of: headDimension) && table.rows == x.rows
        && table.columns.isMultiple(of: 2) && offset >= 0 && offset + table.columns <= headDimension,
      "rope: \(x.shape) in heads of \(headDimension), from \(offset), by table \(table.shape)")
    _rope(x, headDimension: headDimension, offset: offset, table: table, pairing: pairing)
  }

  /// Stores k and v `[rows, kvHeads · dimension]` at the step's positions; no v where values are the keys' first part.
  ///
  /// Only in a step, of which k and v have all rows. What a value's format cannot hold becomes infinite or NaN, and so
  /// shows in what is computed from it.
  package func store(_ k: Buffer, _ v: Buffer?, in cache: KVCache, layer: Int) {
    precondition(owns(k) && owns(cache), "store: a buffer or KV cache of another backend")
    let layout = layerLayout(of: cache, layer: layer)
    precondition(
      k.rows == checks.rows && k.columns == layout.kvHeads * layout.keyDimension,
      "store: keys \(k.shape) of \(checks.rows) rows in layer \(layer): \(layout)")
    precondition((v == nil) == layout.valuesAreKeys, "store: values and keys that are values in layer \(layer)")
    if let v {
      precondition(owns(v), "store: a buffer of another backend")
      precondition(
        v.rows == checks.rows && v.columns == layout.kvHeads * layout.valueDimension,
        "store: values \(v.shape) of \(checks.rows) rows in layer \(layer): \(layout)")
    }
    _store(k, v, in: cache, layer: layer)
  }

  /// Attention of q `[rows, heads · keyDimension]` over the cache, into y `[rows, heads · valueDimension]`.
  ///
  /// Only in a step, of which q and y have all rows. A row sees what was stored of its sequence in this step and before
  /// it. A score is `scale · q·k`, then capped, then lowered by the ALiBi slope times the distance; positions that the
  /// mask hides take no part; a sink is neither scaled nor capped.
  package func attention(
    _ q: Buffer, over cache: KVCache, layer: Int, _ parameters: AttentionParameters, into y: Buffer
  ) {
    precondition(
      owns(q) && owns(cache) && owns(y) && q !== y, "attention: an operand of another backend, or onto itself")
    let layout = layerLayout(of: cache, layer: layer)
    let heads = parameters.heads
    precondition(
      heads > 0 && layout.kvHeads > 0 && heads.isMultiple(of: layout.kvHeads),
      "attention: \(heads) heads in layer \(layer): \(layout)")
    precondition(
      q.rows == checks.rows && q.columns == heads * layout.keyDimension && y.rows == checks.rows
        && y.columns == heads * layout.valueDimension,
      "attention: \(q.shape) into \(y.shape), \(heads) heads of \(checks.rows) rows in layer \(layer): \(layout)")
    precondition(
      parameters.slopes.map { $0.count == heads } ?? true,
      "attention: \(parameters.slopes?.count ?? 0) slopes for \(heads) heads")
    precondition(
      fits(parameters.sinks, count: heads),
      "attention: sinks \(parameters.sinks?.shape ?? "") of another backend or not for \(heads) heads")
    precondition(parameters.softCap.map { $0 > 0 } ?? true, "attention: scores capped at \(parameters.softCap ?? 0)")
    check(parameters.mask)
    if let window = layout.window { check(parameters.mask, within: window) }
    _attention(q, over: cache, layer: layer, parameters, into: y)
  }

  private func check(_ mask: AttentionParameters.Mask) {
    switch mask {
    case .causal(let window): precondition(window.map { $0 > 0 } ?? true, "attention: a window of \(window ?? 0)")
    case .full(let window):
      precondition(window.map { $0 >= 0 } ?? true, "attention: a window of \(window ?? 0)")
      precondition(
        checks.hasWholeSequences, "attention: a full mask, but rows of a sequence are not its positions from 0 on")
    }
  }

  /// In a windowed layer a mask must not reach farther than what is kept, and all rows must have that.
  private func check(_ mask: AttentionParameters.Mask, within kept: Int) {
    guard case .causal(let window?) = mask, window <= kept else {
      preconditionFailure("attention: mask \(mask) in a layer that keeps \(kept) positions")
    }
    precondition(
      checks.reach >= window, "attention: a window of \(window), but a row has \(checks.reach) positions to look at")
  }

  /// The geometry of a layer, for a step under way whose KV blocks are all in the cache.
  private func layerLayout(of cache: KVCache, layer: Int) -> KVLayerLayout {
    precondition(checks.isUnderWay, "store, attention: no step has begun")
    precondition(
      cache.layout.layers.indices.contains(layer),
      "store, attention: layer \(layer) of a KV cache of \(cache.layout.layers.count)")
    let (layout, blocks) = (cache.layout.layers[layer], cache.layout.blocks(of: cache.layout.layers[layer].kind))
    let highest = checks.highestBlock(of: layout.kind)
    precondition(Int(highest) < blocks, "store, attention: KV block \(highest) of \(blocks) in layer \(layer)")
    precondition(
      layout.window == nil || checks.hasWindowTables, "store, attention: no window tables for layer \(layer)")
    return layout
  }
}
