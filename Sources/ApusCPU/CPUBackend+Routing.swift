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

  /// Those of `row`.
  @unsafe func experts(_ row: Int) -> UnsafeMutablePointer<Int32> {
    unsafe memory.pointer.assumingMemoryBound(to: Int32.self) + row * used
  }

  @unsafe func weights(_ row: Int) -> UnsafeMutablePointer<Float> {
    unsafe (memory.pointer + capacity * 4).assumingMemoryBound(to: Float.self) + row * used
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
    routing.rows = 0
    if let bias = bias?.cpu, !verify(bias) { return }
    let (logits, choice) = (logits.cpu, routing.cpu)
    let router = unsafe Router(rule: rule, experts: logits.columns, bias: bias?.cpu.floats)
    let tileRows = max(1, Self.scoresPerTile / max(1, logits.columns))
    pool.run(tiles: (logits.rows + tileRows - 1) / tileRows) { tile, _ in
      for row in tile * tileRows..<min(logits.rows, (tile + 1) * tileRows) {
        unsafe router.choose(logits.row(row), into: choice.experts(row), weights: choice.weights(row))
      }
    }
    routing.rows = logits.rows
  }

  /// Scores that take some microseconds: below, waking threads costs more than it saves.
  private static let scoresPerTile = 1_024
}
