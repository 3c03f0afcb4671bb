package import ApusCore

/// A backend that does what another one does, and fails when a test asks for it.
///
/// What it makes has the other one's storage and belongs to itself, so that callers meet the checked front once.
// Sendable: only the thread that runs the current step touches the mutable state (see `Backend`).
package final class FailingBackend: Backend, @unchecked Sendable {
  package let checks = StepChecks()
  package var workers: any Workers { inner.workers }
  private let inner: any Backend
  /// What the steps to come end with, the next one first; nil for what the inner backend says.
  ///
  /// A test sets it while no step is under way.
  package var failures: [BackendError?] = []
  /// Single rows that fail in the steps to come, the next one first.
  package var rowFailures: [[RowFailure]] = []
  /// Steps that were begun.
  package private(set) var steps = 0

  package init(_ inner: any Backend) { self.inner = inner }

  package func makeBuffer(rows: Int, columns: Int) throws(BackendError) -> Buffer {
    Buffer(
      rows: rows, columns: columns, storage: try inner.makeBuffer(rows: rows, columns: columns).storage, owner: self)
  }

  package func makeWeight(_ source: WeightSource) throws(BackendError) -> Weight {
    Weight(source, storage: try inner.makeWeight(source).storage, owner: self)
  }

  package func makeKVCache(_ layout: KVCacheLayout) throws(BackendError) -> KVCache {
    KVCache(layout: layout, storage: try inner.makeKVCache(layout).storage, owner: self)
  }

  package func makeRouting(rows: Int, used: Int, experts: Int) throws(BackendError) -> Routing {
    let storage = try inner.makeRouting(rows: rows, used: used, experts: experts).storage
    return Routing(capacity: rows, used: used, experts: experts, storage: storage, owner: self)
  }

  package func verify(_ weight: Weight, _ scrutiny: Scrutiny) throws(BackendError) {
    try inner.verify(weight, scrutiny)
  }

  package func isUnchanged(_ weight: Weight) -> Bool { inner.isUnchanged(weight) }

  package func _begin(_ batch: AttentionBatch) {
    steps += 1
    inner._begin(batch)
  }

  package func _finish() throws(BackendError) -> [RowFailure] {
    let failure = failures.isEmpty ? nil : failures.removeFirst()
    let rows = rowFailures.isEmpty ? [] : rowFailures.removeFirst()
    let found = try inner._finish()
    if let failure { throw failure }
    return found + rows.filter { row in !found.contains { $0.row == row.row } }
  }
}

extension FailingBackend {
  package func _read(_ x: Buffer, rows: Range<Int>, into values: inout MutableSpan<Float>) {
    inner._read(x, rows: rows, into: &values)
  }

  package func _embed(_ tokens: [Token], from table: Weight, into x: Buffer) {
    inner._embed(tokens, from: table, into: x)
  }

  package func _norm(_ x: Buffer, _ parameters: NormParameters, gain: Weight?, bias: Weight?, into y: Buffer) {
    inner._norm(x, parameters, gain: gain, bias: bias, into: y)
  }

  package func _matmul(_ x: Buffer, _ weights: [Weight], into results: [Buffer]) {
    inner._matmul(x, weights, into: results)
  }

  package func _matmulHeads(_ x: Buffer, from offset: Int, _ weight: Weight, into y: Buffer, at target: Int) {
    inner._matmulHeads(x, from: offset, weight, into: y, at: target)
  }

  package func _copyHeads(_ x: Buffer, heads: Int, from part: Range<Int>, into y: Buffer, at target: Int) {
    inner._copyHeads(x, heads: heads, from: part, into: y, at: target)
  }

  package func _addBias(_ bias: Weight, to x: Buffer) { inner._addBias(bias, to: x) }

  package func _add(_ y: Buffer, to x: Buffer, factor: Float) { inner._add(y, to: x, factor: factor) }

  package func _add(_ y: Buffer, to x: Buffer, rows: [Int], factors: [Float]) {
    inner._add(y, to: x, rows: rows, factors: factors)
  }

  package func _scale(_ x: Buffer, by factor: Float) { inner._scale(x, by: factor) }

  package func _cap(_ x: Buffer, at limit: Float) { inner._cap(x, at: limit) }

  package func _gate(_ up: Buffer, by gate: Buffer, _ activation: Activation) {
    inner._gate(up, by: gate, activation)
  }

  package func _activate(_ x: Buffer, _ activation: Activation) { inner._activate(x, activation) }

  package func _temper(_ x: Buffer, factor: Float, every positions: Int) {
    inner._temper(x, factor: factor, every: positions)
  }

  package func _multiply(_ x: Buffer, by factors: Weight) { inner._multiply(x, by: factors) }

  package func _sparsify(_ x: Buffer, deviations: Float) { inner._sparsify(x, deviations: deviations) }

  package func _match(_ x: Buffer, to y: Buffer) { inner._match(x, to: y) }

  package func _mix(
    _ x: Buffer, width: Int, by coefficients: Buffer?, plus offset: Float, into y: Buffer, at first: Int
  ) { inner._mix(x, width: width, by: coefficients, plus: offset, into: y, at: first) }

  package func _ropeTable(_ parameters: RopeParameters, into table: Buffer) {
    inner._ropeTable(parameters, into: table)
  }

  package func _rope(
    _ x: Buffer, headDimension: Int, offset: Int, table: Buffer, pairing: RopeParameters.Pairing
  ) { inner._rope(x, headDimension: headDimension, offset: offset, table: table, pairing: pairing) }

  package func _store(_ k: Buffer, _ v: Buffer?, in cache: KVCache, layer: Int) {
    inner._store(k, v, in: cache, layer: layer)
  }

  package func _attention(
    _ q: Buffer, over cache: KVCache, layer: Int, _ parameters: AttentionParameters, into y: Buffer
  ) { inner._attention(q, over: cache, layer: layer, parameters, into: y) }

  package func _copyBlock(
    _ kind: KVBlockKind, from source: Int32, to target: Int32, positions: Int, in cache: KVCache
  ) {
    inner._copyBlock(kind, from: source, to: target, positions: positions, in: cache)
  }

  package func _byteCount(of part: KVCachePart, in cache: KVCache) -> Int { inner._byteCount(of: part, in: cache) }

  package func _read(_ part: KVCachePart, of cache: KVCache, into bytes: inout MutableSpan<UInt8>) {
    inner._read(part, of: cache, into: &bytes)
  }

  package func _write(_ bytes: Span<UInt8>, to part: KVCachePart, of cache: KVCache) {
    inner._write(bytes, to: part, of: cache)
  }

  package func _multiply(_ x: Buffer, by y: Buffer) { inner._multiply(x, by: y) }

  package func _convolve(_ x: Buffer, _ convolution: Convolution, in cache: KVCache, state: Int, into y: Buffer) {
    inner._convolve(x, convolution, in: cache, state: state, into: y)
  }

  package func _gather(_ x: Buffer, rows: [Int], into y: Buffer) { inner._gather(x, rows: rows, into: y) }

  package func _average(_ x: Buffer, rows ranges: [Range<Int>], into y: Buffer) {
    inner._average(x, rows: ranges, into: y)
  }

  package func _route(_ logits: Buffer, _ rule: RoutingRule, bias: Weight?, into routing: Routing) {
    inner._route(logits, rule, bias: bias, into: routing)
  }

  package func _experts(
    _ x: Buffer, _ routing: Routing, _ experts: ExpertWeights, batchRows: [Int]?, into y: Buffer
  ) { inner._experts(x, routing, experts, batchRows: batchRows, into: y) }
}
