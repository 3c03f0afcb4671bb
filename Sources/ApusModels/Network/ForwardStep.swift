internal import ApusCore

/// What the layers of one step work with.
struct ForwardStep {
  let backend: any Backend
  let arena: ActivationArena
  let tokens: [Token]
  let positions: [Int32]
  let cache: KVCache
  /// What adapters add for some of the rows; nil where no row has an adapter.
  let adapters: StepAdapters?
  /// The rows whose results are wanted, ascending; none while a prompt's earlier chunks are processed.
  let keptRows: [Int]
  /// Values of a row of the residual stream.
  let hiddenSize: Int

  /// The residual stream.
  var stream: Buffer { arena(.stream, hiddenSize) }

  /// Keeps the wanted rows of `buffers`; from here on all buffers have only these.
  func keepRows(of buffers: [Buffer]) {
    guard keptRows.count < arena.rows else { return }
    for buffer in buffers { backend.keep(buffer, rows: keptRows) }
    arena.keep(keptRows)
    adapters?.take(rows: keptRows)
  }
}
