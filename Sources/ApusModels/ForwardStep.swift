internal import ApusCore

/// What the layers of one step work with.
struct ForwardStep {
  let backend: any Backend
  let activations: ActivationArena
  let tokens: [Token]
  let batch: AttentionBatch
  let cache: KVCache
  /// The rows whose logits are wanted; none while a prompt's earlier chunks are processed.
  let keptRows: [Int]

  /// The wanted rows of `x`; from here on all activations have only these.
  func keepRows(of x: Buffer) -> Buffer {
    guard keptRows.count < x.rows || !keptRows.elementsEqual(0..<x.rows) else { return x }
    let kept = activations.kept
    kept.rows = keptRows.count
    backend.gather(x, rows: keptRows, into: kept)
    activations.use(rows: keptRows.count)
    return kept
  }
}
