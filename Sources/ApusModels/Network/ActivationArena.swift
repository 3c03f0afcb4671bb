internal import ApusCore

/// The buffers that a forward pass works in, made once for the largest batch and the widest layer.
final class ActivationArena {
  /// The buffer of each role that the plan has.
  private var buffers = [Buffer?](repeating: nil, count: BufferRole.allCases.count)
  /// Cosines and sines of the step's positions, one table for each RoPE of the network.
  let ropeTables: [Buffer]
  /// The experts of each row; nil for a network without any.
  let routing: Routing?
  /// Activations of the rows whose logits are computed together, and those logits; or pooled rows, and what comes of
  /// them.
  let logitInput: Buffer
  let logits: Buffer
  /// Rows that the operations from here on work on; the logits have their own count.
  private(set) var rows = 0
  /// The rows of the step's batch that those are; nil where they are all of them.
  private(set) var batchRows: [Int]?

  /// Rows whose logits are computed together: bounds the memory, as vocabularies are large.
  static let logitRows = 32

  /// Results that are computed together, of so many.
  static func resultGroups(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: logitRows).map { $0..<min($0 + logitRows, count) }
  }

  init(_ plan: NetworkPlan, rows: Int, _ backend: any Backend) throws(BackendError) {
    for (role, columns) in plan.columns where columns > 0 {
      buffers[role.rawValue] = try backend.makeBuffer(rows: rows, columns: columns)
    }
    ropeTables = try plan.ropes.map { rope throws(BackendError) in
      try backend.makeBuffer(rows: rows, columns: rope.configuration.dimensions)
    }
    routing = try plan.routingSize.map { size throws(BackendError) in
      try backend.makeRouting(rows: rows, used: size.used, experts: size.experts)
    }
    let logitRows = min(rows, Self.logitRows)
    logitInput = try backend.makeBuffer(rows: logitRows, columns: plan.resultInputColumns)
    logits = try backend.makeBuffer(rows: logitRows, columns: plan.resultColumns)
  }

  /// Starts with all rows of a batch.
  func begin(rows: Int) { (self.rows, batchRows) = (rows, nil) }

  /// Goes on with some rows of the batch.
  func keep(_ rows: [Int]) { (self.rows, batchRows) = (rows.count, rows) }

  /// The buffer of a role, for the current rows with `columns` values each.
  func callAsFunction(_ role: BufferRole, _ columns: Int) -> Buffer {
    guard let buffer = buffers[role.rawValue] else {
      preconditionFailure("a buffer that the plan does not have: \(role)")
    }
    if buffer.rows != rows || buffer.columns != columns { buffer.reshape(rows: rows, columns: columns) }
    return buffer
  }
}

extension NetworkPlan {
  /// Most experts of a row, and most to choose from; nil for a network without any.
  var routingSize: (used: Int, experts: Int)? {
    let plans = layers.compactMap(\.feedForward.experts)
    guard let used = plans.map(\.rule.used).max(), let experts = plans.map(\.experts).max() else { return nil }
    return (used, experts)
  }

  /// Values of one result: logits or a vector for the widest step behind the pooling.
  var resultColumns: Int {
    switch output.head {
    case .logits: max(hiddenSize, vocabularySize)
    case .pooled(let pooling): pooling.layers.map(\.projection.rows).reduce(hiddenSize) { max($0, $1) }
    }
  }

  /// Values of what results are made from.
  var resultInputColumns: Int {
    guard case .pooled = output.head else { return hiddenSize }
    return resultColumns
  }
}
