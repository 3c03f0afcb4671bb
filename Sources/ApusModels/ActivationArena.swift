internal import ApusCore

/// The buffers that a forward pass works in, made once for the largest batch and used again by every step.
final class ActivationArena {
  /// The residual stream, `[rows, hiddenSize]`.
  let x: Buffer
  /// The rows of the residual stream whose logits are wanted, `[rows, hiddenSize]`.
  let kept: Buffer
  /// Output of a norm, `[rows, hiddenSize]`.
  let normed: Buffer
  /// q, k and v, `[rows, heads · dimension]` each with its own heads.
  let qkv: [Buffer]
  /// What attention found, `[rows, heads · valueDimension]`.
  let attended: Buffer
  /// Gate and up, `[rows, feedForwardSize]` each.
  let gateUp: [Buffer]
  /// The last projection of a sublayer alone, `[rows, hiddenSize]`.
  let projected: [Buffer]
  /// Cosines and sines of the step's positions, `[rows, dimensions]`.
  let ropeTable: Buffer
  /// Activations of the rows whose logits are computed together, `[logitRows, hiddenSize]`.
  let logitInput: Buffer
  /// Those logits alone, `[logitRows, vocabularySize]`.
  let logits: [Buffer]

  /// Rows whose logits are computed together: bounds the memory, as vocabularies are large.
  static let logitRows = 32

  init(_ configuration: ModelConfiguration, rows: Int, _ backend: any Backend) throws(BackendError) {
    let hidden = configuration.hiddenSize
    let keys = configuration.kvHeads * configuration.keyDimension
    let values = configuration.kvHeads * configuration.valueDimension
    let logitRows = min(rows, Self.logitRows)
    x = try backend.makeBuffer(rows: rows, columns: hidden)
    kept = try backend.makeBuffer(rows: rows, columns: hidden)
    normed = try backend.makeBuffer(rows: rows, columns: hidden)
    qkv = [
      try backend.makeBuffer(rows: rows, columns: configuration.heads * configuration.keyDimension),
      try backend.makeBuffer(rows: rows, columns: keys),
      try backend.makeBuffer(rows: rows, columns: values),
    ]
    attended = try backend.makeBuffer(rows: rows, columns: configuration.heads * configuration.valueDimension)
    gateUp = [
      try backend.makeBuffer(rows: rows, columns: configuration.feedForwardSize),
      try backend.makeBuffer(rows: rows, columns: configuration.feedForwardSize),
    ]
    projected = [try backend.makeBuffer(rows: rows, columns: hidden)]
    ropeTable = try backend.makeBuffer(rows: rows, columns: configuration.rope.dimensions)
    logitInput = try backend.makeBuffer(rows: logitRows, columns: hidden)
    logits = [try backend.makeBuffer(rows: logitRows, columns: configuration.vocabularySize)]
  }

  /// How many rows the operations from here on work on; the logits have their own count.
  func use(rows: Int) {
    x.rows = rows
    kept.rows = rows
    normed.rows = rows
    attended.rows = rows
    ropeTable.rows = rows
    for buffer in qkv { buffer.rows = rows }
    for buffer in gateUp { buffer.rows = rows }
    for buffer in projected { buffer.rows = rows }
  }
}
