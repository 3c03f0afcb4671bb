package import ApusCore

/// The experts of each row, best first, and their weights.
@safe final class CPURouting {
  private let memory: AlignedBuffer
  private let capacity: Int
  let used: Int

  init(rows: Int, used: Int) throws(BackendError) {
    let (capacity, overflow) = rows.multipliedReportingOverflow(by: used)
    guard !overflow, capacity < .max / 8 else { throw .outOfMemory(what: "the choice of experts", byteCount: .max) }
    memory = try AlignedBuffer(byteCount: capacity * 8, for: "the choice of experts")
    (self.capacity, self.used) = (capacity, used)
  }

  /// The choice of all rows, `[rows, used]`, for as long as this object lives.
  @unsafe struct Rows {
    let used: Int
    fileprivate let allExperts: UnsafeMutablePointer<Int32>
    fileprivate let allWeights: UnsafeMutablePointer<Float>

    /// Those of `row`.
    func experts(_ row: Int) -> UnsafeMutablePointer<Int32> { unsafe allExperts + row * used }
    func weights(_ row: Int) -> UnsafeMutablePointer<Float> { unsafe allWeights + row * used }

    /// What is wrong with the first expert of `row` with which something is.
    func damage(_ row: Int, _ damaged: [Int32: BackendError]) -> BackendError? {
      unsafe UnsafeBufferPointer(start: experts(row), count: used).lazy.compactMap { damaged[$0] }.first
    }
  }

  @unsafe var rows: Rows {
    unsafe Rows(
      used: used, allExperts: memory.pointer.assumingMemoryBound(to: Int32.self),
      allWeights: (memory.pointer + capacity * 4).assumingMemoryBound(to: Float.self))
  }
}

extension Routing {
  // The checked front lets a backend see only what it made itself.
  var cpu: CPURouting { unsafe unsafeDowncast(storage, to: CPURouting.self) }
}

extension CPUBackend {
  package func makeRouting(rows: Int, used: Int, experts: Int) throws(BackendError) -> Routing {
    Routing(
      capacity: rows, used: used, experts: experts, storage: try CPURouting(rows: rows, used: used), owner: self)
  }

  package func _route(_ logits: Buffer, _ rule: RoutingRule, bias: Weight?, into routing: Routing) {
    // Where the bias is damaged the step fails, with any choice.
    if let bias = bias?.cpu, !verify(bias) { return }
    let (logits, choice) = unsafe (logits.cpu, routing.cpu.rows)
    let router = unsafe Router(rule: rule, experts: logits.columns, bias: bias?.cpu.floats)
    // A score takes tens of instructions.
    forEachRow(logits.rows, columns: logits.columns * 16) { row in
      unsafe router.choose(logits.row(row), into: choice.experts(row), weights: choice.weights(row))
    }
  }
}
