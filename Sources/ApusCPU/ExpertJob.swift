internal import ApusCore

/// Some rows of a routed feed-forward layer, cut into tiles that any thread can take.
@safe struct ExpertJob {
  let kernels: Kernels
  let layer: ExpertLayer
  @unsafe let plan: ExpertPlan.Lists
  @unsafe let places: ExpertRoom.Places
  @unsafe let choice: CPURouting.Rows
  let x: CPURows
  let y: CPURows
  /// Rows of x, of y and of the choice.
  let rows: Range<Int>

  /// Rounds some rows to int8, each once, and copies them to their pairs' places, where kernels want them.
  func takeInputs(_ tile: Int, worker: Int) {
    let first = rows.lowerBound + tile * ExpertRoom.quantizedRows
    let tileRows = first..<min(rows.upperBound, first + ExpertRoom.quantizedRows)
    if let inputs = unsafe places.inputs { unsafe quantize(tileRows, worker: worker, into: inputs) }
    guard layer.takesFloats, rows.count > 1 else { return }
    forEachPair(of: tileRows) { row, pair, _ in
      unsafe (places.floatInputs + pair * x.columns).update(from: x.row(row), count: x.columns)
    }
  }

  private func quantize(_ tileRows: Range<Int>, worker: Int, into inputs: Kernels.QuantizedRows) {
    let (count, blocks) = (tileRows.count, x.columns / 32)
    guard let room = unsafe places.rows else {
      return unsafe kernels.quantize(
        x.row(tileRows.lowerBound), rows: 1, count: x.columns, into: inputs, chunkRows: 1)
    }
    let rounded = unsafe room.skipping(blocks: worker * ExpertRoom.quantizedRows * blocks)
    unsafe kernels.quantize(
      x.row(tileRows.lowerBound), rows: count, count: x.columns, into: rounded, chunkRows: count)
    forEachPair(of: tileRows) { row, pair, group in
      let (place, chunk) = unsafe Self.place(of: pair, in: group, of: inputs, columns: x.columns)
      unsafe rounded.skipping(blocks: row - tileRows.lowerBound).copy(
        blocks: blocks, step: count, to: place, targetStep: chunk.count)
    }
  }

  private func forEachPair(
    of tileRows: Range<Int>, _ body: (_ row: Int, _ pair: Int, ExpertPlan.Group) -> Void
  ) {
    for row in tileRows {
      for index in unsafe 0..<choice.used {
        let expert = Int(unsafe choice.experts(row)[index])
        let group = unsafe plan.groups[Int(plan.groupOfExpert[expert])]
        body(row, pair(row, index), group)
      }
    }
  }

  /// The pair of a row and a choice.
  private func pair(_ row: Int, _ index: Int) -> Int {
    Int(unsafe plan.pairs[(row - rows.lowerBound) * choice.used + index])
  }

  /// Where a pair's blocks begin, and its chunk, counted from the first pair of its group, which has chunks of its own.
  private static func place(
    of pair: Int, in group: ExpertPlan.Group, of quantized: Kernels.QuantizedRows, columns: Int
  ) -> (place: Kernels.QuantizedRows, chunk: Range<Int>) {
    let first = group.pairs.lowerBound
    return unsafe quantized.skipping(blocks: first * (columns / 32))
      .place(row: pair - first, of: group.pairs.count, columns: columns)
  }

  /// Some outputs of the gate and of the matrix beside it, and of the activation, for all pairs of an expert.
  func takeFirst(_ tile: Int, worker: Int) {
    let tile = unsafe plan.firstTiles[tile]
    let group = unsafe plan.groups[tile.group]
    let step = min(ExpertPlan.rowsAtOnce, Kernels.chunkTokens(columns: x.columns))
    let gate = unsafe places.results + worker * 2 * ExpertPlan.tileValues
    let up = unsafe gate + ExpertPlan.tileValues
    for first in stride(from: group.pairs.lowerBound, to: group.pairs.upperBound, by: step) {
      let pairs = first..<min(group.pairs.upperBound, first + step)
      if let matrices = layer.gate { unsafe product(matrices, group, pairs, tile.outputs, into: gate) }
      unsafe product(layer.up, group, pairs, tile.outputs, into: up)
      unsafe activate(gate, up, rows: pairs.count, columns: tile.outputs.count)
      unsafe keep(up, group, pairs, tile.outputs)
    }
  }

  private func product(
    _ matrices: ExpertMatrices, _ group: ExpertPlan.Group, _ pairs: Range<Int>, _ outputs: Range<Int>,
    into results: UnsafeMutablePointer<Float>
  ) {
    // A single row serves all its experts.
    let first = rows.count > 1 ? pairs.lowerBound : 0
    let values = unsafe rows.count > 1 ? places.floatInputs + first * x.columns : x.row(rows.lowerBound)
    unsafe kernels.product(
      matrices, expert: group.expert, outputs: outputs, n: pairs.count, values: values,
      quantized: places.inputs?.skipping(blocks: first * (x.columns / 32)), into: results, yStride: outputs.count)
  }

  /// Rows of a length that is not whole vectors go one by one, so that every value is computed in the same way whatever
  /// rows are there.
  private func activate(
    _ gate: UnsafeMutablePointer<Float>, _ up: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    let (runs, count) = columns.isMultiple(of: 32) ? (1, rows * columns) : (rows, columns)
    for run in 0..<runs {
      let up = unsafe up + run * count
      if layer.gate == nil {
        unsafe kernels.activate(layer.activation, up, count: count)
      } else {
        unsafe kernels.gate(layer.activation, gate: gate + run * count, up: up, count: count)
      }
    }
  }

  /// Puts what the activation has left where the last matrix reads it.
  private func keep(
    _ values: UnsafePointer<Float>, _ group: ExpertPlan.Group, _ pairs: Range<Int>, _ outputs: Range<Int>
  ) {
    guard let inner = unsafe places.inner else {
      for (index, pair) in pairs.enumerated() {
        let target = unsafe places.floatInner + pair * layer.inner + outputs.lowerBound
        unsafe target.update(from: values + index * outputs.count, count: outputs.count)
      }
      return
    }
    var pair = pairs.lowerBound
    while pair < pairs.upperBound {
      let (place, chunk) = unsafe Self.place(of: pair, in: group, of: inner, columns: layer.inner)
      let count = min(pairs.upperBound, group.pairs.lowerBound + chunk.upperBound) - pair
      unsafe kernels.quantize(
        values + (pair - pairs.lowerBound) * outputs.count, rows: count, count: outputs.count,
        into: place.skipping(blocks: outputs.lowerBound / 32 * chunk.count), chunkRows: chunk.count)
      pair += count
    }
  }

  /// Some outputs of the last matrix for all pairs of an expert.
  func takeDown(_ tile: Int) {
    let tile = unsafe plan.downTiles[tile]
    let group = unsafe plan.groups[tile.group]
    let first = group.pairs.lowerBound
    unsafe kernels.product(
      layer.down, expert: group.expert, outputs: tile.outputs, n: group.pairs.count,
      values: places.floatInner + first * layer.inner,
      quantized: places.inner?.skipping(blocks: first * (layer.inner / 32)),
      into: places.outputs + first * layer.hidden + tile.outputs.lowerBound, yStride: layer.hidden)
  }

  /// The weighted sum of a row's experts, in the order of their choice.
  func sum(_ row: Int) {
    let y = unsafe y.row(row)
    unsafe y.update(repeating: 0, count: layer.hidden)
    for index in unsafe 0..<choice.used {
      unsafe kernels.add(
        places.outputs + pair(row, index) * layer.hidden, to: y, factor: choice.weights(row)[index],
        count: layer.hidden)
    }
  }
}
