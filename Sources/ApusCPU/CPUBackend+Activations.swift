package import ApusCore

// Functions of one value take tens of instructions: a quarter as many values are worth a thread.

extension CPUBackend {
  package func _cap(_ x: Buffer, at limit: Float) {
    let x = x.cpu
    forEachRow(x.rows, columns: x.columns * 4) { row in unsafe kernels.cap(x.row(row), at: limit, count: x.columns) }
  }

  package func _activate(_ x: Buffer, _ activation: Activation) {
    let x = x.cpu
    forEachRow(x.rows, columns: x.columns * 4) { row in
      unsafe kernels.activate(activation, x.row(row), count: x.columns)
    }
  }

  package func _gate(_ up: Buffer, by gate: Buffer, _ activation: Activation) {
    let (gate, up) = (gate.cpu, up.cpu)
    forEachRow(up.rows, columns: up.columns * 4) { row in
      if gate.columns == up.columns {
        unsafe kernels.gate(activation, gate: gate.row(row), up: up.row(row), count: up.columns)
      } else {
        unsafe gateAll(up.row(row), count: up.columns, by: gate.row(row)[0], activation)
      }
    }
  }

  /// Gates `count` values by the same one.
  private func gateAll(_ up: UnsafeMutablePointer<Float>, count: Int, by gate: Float, _ activation: Activation) {
    var gate = gate
    if activation == .clampedSwish {
      for i in 0..<count { unsafe kernels.gate(activation, gate: &gate, up: up + i, count: 1) }
    } else {
      unsafe kernels.activate(activation, &gate, count: 1)
      unsafe kernels.scale(up, by: gate, count: count)
    }
  }
}
