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
  /// The first failure since the last `read`.
  var failure: BackendError?

  package var kernels: Kernels { options.kernels }

  package init(_ options: Options) throws(BackendError) {
    self.options = options
    pool = ThreadPool(threadCount: options.threads, pinsThreads: options.pinsThreads)
    try pool.checkStarted()
    blas = options.usesBLAS ? try OpenBLAS(threads: pool.threadCount) : nil
    quantized = try QuantizedActivations()
    denseTiles = try DenseTiles(workers: pool.threadCount)
    attentionRoom = try AttentionRoom()
  }

  package func makeBuffer(rows: Int, columns: Int) throws(BackendError) -> Buffer {
    Buffer(capacity: rows, columns: columns, storage: try CPUBuffer(rows: rows, columns: columns))
  }

  package func makeWeight(_ source: WeightSource) throws(BackendError) -> Weight {
    Weight(source, storage: try CPUWeight(source, kernels: kernels))
  }

  package func makeKVCache(_ layout: KVCacheLayout) throws(BackendError) -> KVCache {
    KVCache(layout: layout, storage: try CPUKVCache(layout))
  }

  package func read(_ x: Buffer, row: Int, into values: inout [Float]) throws(BackendError) {
    if let failure {
      self.failure = nil
      throw failure
    }
    let x = x.cpu
    precondition(row < x.rows && values.count == x.columns, "read beyond the buffer")
    let source = unsafe x.row(row)
    if unsafe Kernels.firstNonFinite(.f32, source, blocks: x.columns) != nil { throw .nonFiniteResult(what: "logits") }
    unsafe values.withUnsafeMutableBufferPointer { values in
      if let target = values.baseAddress { unsafe target.update(from: source, count: x.columns) }
    }
  }

  /// Keeps the first failure for the next `read`.
  func fail(_ error: BackendError) {
    if failure == nil { failure = error }
  }
}
