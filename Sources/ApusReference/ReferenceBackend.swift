package import ApusCore

/// `Backend` in plain Swift on the codecs: no kernels, no threads, sums in Double.
///
/// It is what other backends are compared with, so it is made to be obviously right, and slow. Weights are decoded row
/// by row wherever they are read; activations are never rounded, keys and values only as the cache's format says.
// Sendable: only the thread that runs the current step touches the mutable state (see `Backend`).
package final class ReferenceBackend: Backend, @unchecked Sendable {
  package let checks = StepChecks()
  package let workers: any Workers = OneWorker()
  /// The rows of the current step.
  var batch = AttentionBatch()
  /// The first failure of the current step as a whole.
  var failure: BackendError?
  /// What failed for single rows of the current step, at most one failure a row.
  var rowFailures: [RowFailure] = []

  package init() {}

  package func makeBuffer(rows: Int, columns: Int) throws(BackendError) -> Buffer {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard !overflow else { throw .outOfMemory(what: "activations", byteCount: .max) }
    return Buffer(rows: rows, columns: columns, storage: ReferenceValues(count: count), owner: self)
  }

  package func makeWeight(_ source: WeightSource) throws(BackendError) -> Weight {
    Weight(source, storage: ReferenceWeight(source), owner: self)
  }

  package func makeKVCache(_ layout: KVCacheLayout) throws(BackendError) -> KVCache {
    try layout.checkFormat()
    return KVCache(layout: layout, storage: ReferenceCache(layout), owner: self)
  }

  package func makeRouting(rows: Int, used: Int, experts: Int) throws(BackendError) -> Routing {
    Routing(capacity: rows, used: used, experts: experts, storage: ReferenceRouting(), owner: self)
  }

  package func _begin(_ batch: AttentionBatch) { (self.batch, failure, rowFailures) = (batch, nil, []) }

  package func _finish() throws(BackendError) -> [RowFailure] {
    defer { (batch, failure, rowFailures) = (AttentionBatch(), nil, []) }
    if let failure { throw failure }
    return rowFailures
  }

  package func _read(_ x: Buffer, rows: Range<Int>, into values: inout MutableSpan<Float>) {
    let source = x.reference.values
    for i in 0..<rows.count * x.columns { values[i] = source[rows.lowerBound * x.columns + i] }
  }

  /// Keeps the first failure for `finish`.
  func fail(_ error: BackendError) {
    if failure == nil { failure = error }
  }

  /// Keeps the first failure of a row for `finish`.
  func fail(row: Int, _ error: BackendError) {
    if !rowFailures.contains(where: { $0.row == row }) { rowFailures.append(RowFailure(row: row, error: error)) }
  }
}
