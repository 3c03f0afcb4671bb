package import ApusCore

/// `Backend` on CPU: cuts operations into tiles, gives them to threads, and calls one kernel per tile.
///
/// Results do not depend on the number of threads or on how rows are batched, bit for bit, unless `usesBLAS` is set.
@safe package final class CPUBackend: Backend, @unchecked Sendable {
  // Sendable: only the thread that runs the current step touches the mutable state (see `Backend`).

  /// How a backend is set up.
  package struct Options: Sendable {
    /// Threads that compute, the caller's included.
    package var threads: Int
    package var kernels: Kernels
    /// Multiplies batches with F32, F16 and BF16 weights by OpenBLAS: their last bits then depend on the batch.
    package var usesBLAS: Bool
    /// Keeps threads on CPUs of their own, see `ThreadPool`.
    package var pinsThreads: Bool

    package init(threads: Int, kernels: Kernels = .best(), usesBLAS: Bool = false, pinsThreads: Bool = false) {
      self.threads = threads
      self.kernels = kernels
      self.usesBLAS = usesBLAS
      self.pinsThreads = pinsThreads
    }
  }

  package let checks = StepChecks()
  let options: Options
  let pool: ThreadPool
  /// There if the options ask for it.
  let blas: OpenBLAS?
  var quantized: QuantizedActivations
  var plan = TilePlan()
  /// The weight, first of its group, of the last matmul of a few rows.
  var lastMultiplied: CPUWeight?
  var denseTiles: DenseTiles
  var attentionRuns = AttentionRuns()
  var attentionRoom: AttentionRoom
  /// Parts of heads, see `matmulHeads`.
  var headRoom: AlignedBuffer
  var expertPlan = ExpertPlan()
  var expertRoom: ExpertRoom
  /// The rows of the current step.
  var batch = AttentionBatch()
  /// Where the step's keys and values are put, in full layers and in windowed ones.
  ///
  /// Found when they are first needed: a model without keys and values has no blocks.
  private var slots: (full: [KVSlot]?, windowed: [KVSlot]?) = (nil, nil)
  var sequenceRows = SequenceRows(AttentionBatch())
  /// The first failure of the current step.
  var failure: BackendError?
  /// The first failure of each row that has one in the current step, by row.
  var rowFailures: [Int: BackendError] = [:]

  package var kernels: Kernels { options.kernels }
  package var workers: any Workers { pool }

  /// A backend with threads of its own.
  package convenience init(_ options: Options) throws(BackendError) {
    try self.init(options, on: ThreadPool(starting: options.threads, pinsThreads: options.pinsThreads))
  }

  /// A backend that shares `pool` with others, none of which computes while another does; it has as many threads as
  /// `options` say.
  package init(_ options: Options, on pool: ThreadPool) throws(BackendError) {
    self.options = options
    self.pool = pool
    blas = options.usesBLAS ? try OpenBLAS(threads: pool.threadCount) : nil
    quantized = try QuantizedActivations()
    denseTiles = try DenseTiles(workers: pool.threadCount)
    attentionRoom = try AttentionRoom()
    headRoom = try AlignedBuffer(byteCount: 0, for: "heads")
    expertRoom = try ExpertRoom()
  }

  package func makeBuffer(rows: Int, columns: Int) throws(BackendError) -> Buffer {
    Buffer(rows: rows, columns: columns, storage: try CPUBuffer(rows: rows, columns: columns), owner: self)
  }

  package func makeWeight(_ source: WeightSource) throws(BackendError) -> Weight {
    Weight(source, storage: try CPUWeight(source, kernels: kernels), owner: self)
  }

  package func makeKVCache(_ layout: KVCacheLayout) throws(BackendError) -> KVCache {
    KVCache(layout: layout, storage: try CPUKVCache(layout), owner: self)
  }

  package func _begin(_ batch: AttentionBatch) {
    self.batch = batch
    sequenceRows = SequenceRows(batch)
    slots = (nil, nil)
    forgetFailures()
  }

  package func _finish() throws(BackendError) -> [RowFailure] {
    defer { forgetFailures() }
    batch = AttentionBatch()
    if let failure { throw failure }
    return rowFailures.sorted { $0.key < $1.key }.map { RowFailure(row: $0.key, error: $0.value) }
  }

  /// Where the step's keys and values are put in layers of a kind.
  func kvSlots(of kind: KVBlockKind) -> [KVSlot] {
    let isFull = kind == .full
    if let known = isFull ? slots.full : slots.windowed { return known }
    let found = batch.kvSlots(of: kind)
    if isFull { slots.full = found } else { slots.windowed = found }
    return found
  }

  private func forgetFailures() {
    failure = nil
    rowFailures.removeAll()
  }

  package func _read(_ x: Buffer, rows: Range<Int>, into values: inout MutableSpan<Float>) {
    let x = x.cpu
    unsafe values.withUnsafeMutableBufferPointer { values in
      if let target = values.baseAddress {
        unsafe target.update(from: x.row(rows.lowerBound), count: rows.count * x.columns)
      }
    }
  }

  /// Keeps the first failure for `finish`.
  func fail(_ error: BackendError) {
    if failure == nil { failure = error }
  }

  /// Keeps what fails one row of the step only.
  func fail(row: Int, _ error: BackendError) {
    if rowFailures[row] == nil { rowFailures[row] = error }
  }
}
