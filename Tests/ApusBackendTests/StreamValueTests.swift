internal import ApusCore
internal import Testing

/// Streams and cuts of known values, and that a row's result is its own.
struct StreamValueTests {
  @Test("A known sum", arguments: Subject.all)
  func knownSum(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let x = try bench.buffer(values: [1, 2, 10, 20], rows: 1)
    let coefficients = try bench.buffer(values: [1, 0, 0.5, 2], rows: 1)
    try bench.step { bench.backend.mix(x, width: 2, by: coefficients, into: x) }
    #expect(bench.read(x) == [2, 4, 30.5, 61])
  }

  @Test("A known cut: the deviation is a sample's", arguments: Subject.all)
  func knownCut(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 3)
    // Mean 3, sum of squares 8 + 8 = 16 over 4 - 1 values, the deviation 2.309.
    let x = try bench.buffer(values: [1, 1, 5, 5], rows: 1)
    try bench.step { bench.backend.sparsify(x, deviations: 0.5) }
    let expected = 2 - 0.5 * (16 / Float(3)).squareRoot()
    #expect(zip(bench.read(x), [0, 0, expected, expected]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("Rows have the same bits alone and among others", arguments: Subject.all)
  func independence(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 4)
    let x = try bench.buffer(rows: 45, columns: 4 * 300, scale: 3)
    let y = try bench.buffer(rows: 45, columns: 300)
    let coefficients = try bench.buffer(rows: 45, columns: 16)
    func run(_ rows: Range<Int>) throws -> [UInt32] {
      let parts = try [x, y, coefficients].map { try bench.backend.makeBuffer(rows: rows.count, columns: $0.columns) }
      try bench.step {
        for (source, part) in zip([x, y, coefficients], parts) {
          bench.backend.gather(source, rows: Array(rows), into: part)
        }
        bench.backend.mix(parts[0], width: 300, by: parts[2], into: parts[0])
        bench.backend.match(parts[0], to: parts[1])
        bench.backend.sparsify(parts[0], deviations: 0.5)
      }
      return bits(bench.read(parts[0]))
    }
    let together = try run(0..<45)
    for part in [0..<8, 8..<45, 3..<4, 44..<45] {
      #expect(try run(part) == Array(together[part.lowerBound * 1200..<part.upperBound * 1200]), "rows \(part)")
    }
  }
}
