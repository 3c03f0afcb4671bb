internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// A row's result depends on that row alone, bit for bit: not on the rows beside it nor on how many there are.
struct IndependenceTests {
  @Test("A row's products have the same bits alone and among others", arguments: Subject.all, TensorFormat.allCases)
  func matmul(_ subject: Subject, format: TensorFormat) throws {
    let columns = format.isDense ? 77 : 2 * format.blockElements
    let bench = try Bench(subject.make(), seed: 5)
    let x = try bench.buffer(rows: 45, columns: columns)
    let (first, second) = (
      try bench.weight(format, rows: 37, columns: columns), try bench.weight(format, rows: 3, columns: columns)
    )
    try expectIndependence(bench, x, columns: 37) { $0.backend.matmul($1, [first], into: [$2]) }
    try expectIndependence(bench, x, columns: 37) { bench, x, y in
      guard let other = try? bench.backend.makeBuffer(rows: x.rows, columns: 3) else { return }
      bench.backend.matmul(x, [first, second], into: [y, other])
    }
  }

  @Test("Operations on rows have the same bits alone and among others", arguments: Subject.all)
  func rows(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 6)
    let x = try bench.buffer(rows: 45, columns: 120, scale: 3)
    let gain = try bench.vector(24)
    let heads = try bench.weight(.q8_0, count: 3, rows: 11, columns: 32)
    for kind in [NormParameters.Kind.rms, .layer] {
      let parameters = NormParameters(kind, epsilon: 1e-6, groups: 5)
      try expectIndependence(bench, x, columns: 120) { $0.backend.norm($1, parameters, gain: gain, into: $2) }
    }
    for activation in Activation.allCases where activation != .clampedSwish {
      try expectIndependence(bench, x, columns: 120) { bench, x, y in
        bench.backend.gather(x, rows: Array(0..<x.rows), into: y)
        bench.backend.activate(y, activation)
        bench.backend.gate(y, by: x, activation)
        bench.backend.cap(y, at: 5)
      }
    }
    try expectIndependence(bench, x, columns: 33) { $0.backend.matmulHeads($1, from: 8, heads, into: $2) }
  }

  /// Runs `body` on all rows, on each alone, and in two uneven parts.
  private func expectIndependence(
    _ bench: Bench, _ x: Buffer, columns: Int, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (Bench, Buffer, Buffer) throws -> Void
  ) throws {
    let together = try run(bench, x, 0..<x.rows, columns: columns, body)
    let parts = [0..<8, 8..<x.rows] + (0..<x.rows).map { $0..<$0 + 1 }
    for part in parts {
      let found = try run(bench, x, part, columns: columns, body)
      let expected = Array(together[part.lowerBound * columns..<part.upperBound * columns])
      #expect(found == expected, "rows \(part)", sourceLocation: sourceLocation)
    }
  }

  private func run(
    _ bench: Bench, _ x: Buffer, _ rows: Range<Int>, columns: Int, _ body: (Bench, Buffer, Buffer) throws -> Void
  ) throws -> [UInt32] {
    let part = try bench.backend.makeBuffer(rows: rows.count, columns: x.columns)
    let y = try bench.backend.makeBuffer(rows: rows.count, columns: columns)
    try bench.step {
      bench.backend.gather(x, rows: Array(rows), into: part)
      try body(bench, part, y)
    }
    return bits(bench.read(y))
  }
}
