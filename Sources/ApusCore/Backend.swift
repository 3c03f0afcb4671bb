/// Who executes a model's operations: what a backend implements.
///
/// Callers use the methods without an underscore (`Backend+Checked.swift`), which check every operand's size and owner
/// once for all backends; a backend trusts its operands. There are coarse operations only, each on the rows that its
/// buffers currently use.
///
/// A step is `begin`, operations, `finish`. Operations may return before their work is done; `finish` waits for all of
/// them and throws what failed in this step and in no other; it is called however a step went. After it
/// throws, nothing that the step stored or computed may be used. Calls of one step come from one thread at a time.
package protocol Backend: AnyObject, Sendable {
  /// The checked front's own: made with the backend.
  var checks: StepChecks { get }
  /// The threads that compute; between steps, and by the thread that runs them, they may be given other work.
  var workers: any Workers { get }

  /// Makes room for activations `[rows, columns]`.
  func makeBuffer(rows: Int, columns: Int) throws(BackendError) -> Buffer
  /// Takes a weight into use; it may stay mapped where it is.
  func makeWeight(_ source: WeightSource) throws(BackendError) -> Weight
  /// Makes a pool of KV blocks and state slots; memory is taken as they are first written.
  func makeKVCache(_ layout: KVCacheLayout) throws(BackendError) -> KVCache
  /// Makes room for the choice of `used` of `experts` experts for `rows` rows.
  func makeRouting(rows: Int, used: Int, experts: Int) throws(BackendError) -> Routing
  /// Reads a whole weight; throws where it holds a NaN or infinity, or zeros that its storage has made.
  func verify(_ weight: Weight, _ scrutiny: Scrutiny) throws(BackendError)
  /// Whether what was used of a weight is still what it was at its first use. Reads that once more.
  func isUnchanged(_ weight: Weight) -> Bool

  /// Starts a step: rows, positions, KV blocks and state slots for all operations that know sequences.
  func _begin(_ batch: AttentionBatch)
  /// Waits for all operations of the step; throws where it failed as a whole.
  ///
  /// Returns failures of single rows, at most one for each: other rows are not affected by them, but those of the same
  /// sequence that come after them.
  func _finish() throws(BackendError) -> [RowFailure]
  /// Waits for all operations so far and copies rows of x to `values`, one after the other.
  ///
  /// May be called inside a step and after it.
  func _read(_ x: Buffer, rows: Range<Int>, into values: inout MutableSpan<Float>)

  func _embed(_ tokens: [Token], from table: Weight, into x: Buffer)
  func _norm(_ x: Buffer, _ parameters: NormParameters, gain: Weight?, bias: Weight?, into y: Buffer)
  func _matmul(_ x: Buffer, _ weights: [Weight], into results: [Buffer])
  func _matmulHeads(_ x: Buffer, from offset: Int, _ weight: Weight, into y: Buffer, at target: Int)
  func _copyHeads(_ x: Buffer, heads: Int, from part: Range<Int>, into y: Buffer, at target: Int)
  func _addBias(_ bias: Weight, to x: Buffer)
  func _add(_ y: Buffer, to x: Buffer, factor: Float)
  func _scale(_ x: Buffer, by factor: Float)
  func _cap(_ x: Buffer, at limit: Float)
  func _gate(_ up: Buffer, by gate: Buffer, _ activation: Activation)
  func _activate(_ x: Buffer, _ activation: Activation)
  func _temper(_ x: Buffer, factor: Float, every positions: Int)
  func _multiply(_ x: Buffer, by factors: Weight)
  func _sparsify(_ x: Buffer, deviations: Float)
  func _match(_ x: Buffer, to y: Buffer)
  func _mix(_ x: Buffer, width: Int, by coefficients: Buffer?, plus offset: Float, into y: Buffer, at first: Int)
  func _ropeTable(_ parameters: RopeParameters, into table: Buffer)
  func _rope(_ x: Buffer, headDimension: Int, offset: Int, table: Buffer, pairing: RopeParameters.Pairing)
  func _store(_ k: Buffer, _ v: Buffer?, in cache: KVCache, layer: Int)
  func _attention(_ q: Buffer, over cache: KVCache, layer: Int, _ parameters: AttentionParameters, into y: Buffer)
  func _copyBlock(_ kind: KVBlockKind, from source: Int32, to target: Int32, positions: Int, in cache: KVCache)
  func _byteCount(of part: KVCachePart, in cache: KVCache) -> Int
  func _read(_ part: KVCachePart, of cache: KVCache, into bytes: inout MutableSpan<UInt8>)
  func _write(_ bytes: Span<UInt8>, to part: KVCachePart, of cache: KVCache)
  func _multiply(_ x: Buffer, by y: Buffer)
  func _convolve(_ x: Buffer, _ convolution: Convolution, in cache: KVCache, state: Int, into y: Buffer)
  func _gather(_ x: Buffer, rows: [Int], into y: Buffer)
  func _add(_ y: Buffer, to x: Buffer, rows: [Int], factors: [Float])
  func _average(_ x: Buffer, rows ranges: [Range<Int>], into y: Buffer)
  func _route(_ logits: Buffer, _ rule: RoutingRule, bias: Weight?, into routing: Routing)
  func _experts(_ x: Buffer, _ routing: Routing, _ experts: ExpertWeights, batchRows: [Int]?, into y: Buffer)
}

/// What failed for one row of a step's batch, and so for its sequence.
package struct RowFailure: Sendable, Equatable {
  package let row: Int
  package let error: BackendError

  package init(row: Int, error: BackendError) {
    self.row = row
    self.error = error
  }
}
