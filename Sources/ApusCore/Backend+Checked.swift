// The operations as callers use them. Sizes and owners are checked here, once for all backends: an operation takes
// microseconds, its checks nanoseconds. What is wrong is a mistake of the caller, never of a file or a request, so it
// is a precondition.

extension Backend {
  /// Starts a step on the rows of `batch`.
  package func begin(_ batch: AttentionBatch) { _begin(batch) }

  /// Ends a step; throws where it failed as a whole, and returns what failed for single rows.
  package func finish() throws(BackendError) -> [RowFailure] { try _finish() }

  /// Copies rows of x to `values` `[rows.count, columns]`, once all operations on it are done.
  package func read(_ x: Buffer, rows: Range<Int>, into values: inout MutableSpan<Float>) {
    _read(x, rows: rows, into: &values)
  }

  /// `x[i] = table[tokens[i]]`.
  package func embed(_ tokens: [Token], from table: Weight, into x: Buffer) { _embed(tokens, from: table, into: x) }

  /// Norms each group of each row of x: `y = normed(x) · gain + bias`. x and y may be the same buffer.
  ///
  /// `gain` and `bias` have as many values as a row, or as one group, which then serve all groups.
  package func norm(
    _ x: Buffer, _ parameters: NormParameters, gain: Weight?, bias: Weight? = nil, into y: Buffer
  ) { _norm(x, parameters, gain: gain, bias: bias, into: y) }

  /// `y[j] = x · w[j]ᵀ` for each pair: all weights read the same x `[rows, columns]`.
  package func matmul(_ x: Buffer, _ weights: [Weight], into results: [Buffer]) {
    _matmul(x, weights, into: results)
  }

  /// Multiplies each head by a matrix of its own: `y[h][target...] = x[h][offset..<offset + w.columns] · w[h]ᵀ`.
  ///
  /// The weight is a stack of as many matrices as there are heads; x and y hold the heads one after the other.
  package func matmulHeads(
    _ x: Buffer, from offset: Int = 0, _ weight: Weight, into y: Buffer, at target: Int = 0
  ) { _matmulHeads(x, from: offset, weight, into: y, at: target) }

  /// Copies a part of each head: `y[h][target...] = x[h][part]`; where x has one head, to all heads of y.
  package func copyHeads(_ x: Buffer, heads: Int, from part: Range<Int>, into y: Buffer, at target: Int) {
    _copyHeads(x, heads: heads, from: part, into: y, at: target)
  }

  /// `x[i] += bias` for every row i.
  package func addBias(_ bias: Weight, to x: Buffer) { _addBias(bias, to: x) }

  /// `x += factor · y`.
  package func add(_ y: Buffer, to x: Buffer, factor: Float = 1) { _add(y, to: x, factor: factor) }

  /// `x *= factor`.
  package func scale(_ x: Buffer, by factor: Float) {
    if factor != 1 { _scale(x, by: factor) }
  }

  /// `x = limit · tanh(x / limit)`.
  package func cap(_ x: Buffer, at limit: Float) { _cap(x, at: limit) }

  /// `up = activation(gate) · up`; a gate of one column serves all columns of its row.
  package func gate(_ up: Buffer, by gate: Buffer, _ activation: Activation) { _gate(up, by: gate, activation) }

  /// `x = activation(x)`.
  package func activate(_ x: Buffer, _ activation: Activation) { _activate(x, activation) }

  /// `x *= 1 + factor · ln(1 + floor(position / positions))`, by the position of each row's token.
  package func temper(_ x: Buffer, factor: Float, every positions: Int) {
    _temper(x, factor: factor, every: positions)
  }

  /// Cosine and sine for the step's positions, into table `[rows, 2 · pairs]`.
  package func ropeTable(_ parameters: RopeParameters, into table: Buffer) { _ropeTable(parameters, into: table) }

  /// Turns `2 · pairs` values of each head of x, from `offset` on, by the table.
  package func rope(
    _ x: Buffer, headDimension: Int, offset: Int = 0, table: Buffer, pairing: RopeParameters.Pairing
  ) { _rope(x, headDimension: headDimension, offset: offset, table: table, pairing: pairing) }

  /// Stores k and v `[rows, kvHeads · dimension]` at the step's positions; no v where values are the keys' first part.
  package func store(_ k: Buffer, _ v: Buffer?, in cache: KVCache, layer: Int) {
    _store(k, v, in: cache, layer: layer)
  }

  /// Attention of q `[rows, heads · keyDimension]` over the cache, into y `[rows, heads · valueDimension]`.
  package func attention(
    _ q: Buffer, over cache: KVCache, layer: Int, _ parameters: AttentionParameters, into y: Buffer
  ) { _attention(q, over: cache, layer: layer, parameters, into: y) }

  /// `y[i] = x[rows[i]]`.
  package func gather(_ x: Buffer, rows: [Int], into y: Buffer) { _gather(x, rows: rows, into: y) }

  /// Keeps the rows `rows` of x, ascending, and forgets the others.
  package func keep(_ x: Buffer, rows: [Int]) {
    _gather(x, rows: rows, into: x)
    x.reshape(rows: rows.count, columns: x.columns)
  }

  /// Chooses experts for each row by its logits `[rows, experts]`.
  ///
  /// `bias` is added to the scores for choosing only; the weights are the plain scores.
  package func route(_ logits: Buffer, _ rule: RoutingRule, bias: Weight?, into routing: Routing) {
    _route(logits, rule, bias: bias, into: routing)
  }

  /// A routed feed-forward layer: `y[r] = Σ weight(r, e) · down[e](activation(gate[e](x[r])) · up[e](x[r]))` over the
  /// experts e chosen for r, in the order of their choice, biases and factors of each matrix included.
  package func experts(_ x: Buffer, _ routing: Routing, _ experts: ExpertWeights, into y: Buffer) {
    _experts(x, routing, experts, into: y)
  }
}
