internal import ApusCore
internal import Testing

/// What works on several residual streams of a row, and what cuts a row, against the reference.
struct StreamTests {
  private let tolerance = Tolerance.ofPeak(3e-6)

  @Test("Weighted sums of parts, with and without coefficients, onto other parts and in place", arguments: Subject.all)
  func mix(_ subject: Subject) throws {
    for (rows, width, sources, targets, first) in [(1, 1, 1, 1, 0), (3, 7, 4, 4, 0), (33, 5, 1, 3, 1), (2, 300, 3, 2, 2)] {
      for hasCoefficients in [true, false] {
        try compare(subject, tolerance, "\(rows) rows, \(sources) parts of \(width) onto \(targets)") { bench in
          let x = try bench.buffer(rows: rows, columns: sources * width)
          let y = try bench.buffer(rows: rows, columns: (first + targets) * width)
          let coefficients = hasCoefficients ? try bench.buffer(rows: rows, columns: targets * sources) : nil
          try bench.step { bench.backend.mix(x, width: width, by: coefficients, plus: 0.75, into: y, at: first) }
          return bench.read(y)
        }
      }
    }
    try compare(subject, tolerance, "in place") { bench in
      let x = try bench.buffer(rows: 5, columns: 4 * 33)
      let coefficients = try bench.buffer(rows: 5, columns: 16)
      try bench.step { bench.backend.mix(x, width: 33, by: coefficients, into: x) }
      return bench.read(x)
    }
  }

  @Test("A known sum", arguments: Subject.all)
  func knownSum(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let x = try bench.buffer(values: [1, 2, 10, 20], rows: 1)
    let coefficients = try bench.buffer(values: [1, 0, 0.5, 2], rows: 1)
    try bench.step { bench.backend.mix(x, width: 2, by: coefficients, into: x) }
    #expect(bench.read(x) == [2, 4, 30.5, 61])
  }

  @Test("Lengths are brought to another's; zeros stay", arguments: Subject.all)
  func match(_ subject: Subject) throws {
    for (rows, width, parts) in [(1, 1, 1), (3, 7, 3), (33, 40, 2), (1, 4_099, 1)] {
      try compare(subject, tolerance, "\(rows) rows, \(parts) parts of \(width)") { bench in
        let x = try bench.buffer(rows: rows, columns: parts * width, scale: 4)
        let y = try bench.buffer(rows: rows, columns: width)
        try bench.step { bench.backend.match(x, to: y) }
        return bench.read(x)
      }
    }
    let bench = try Bench(subject.make(), seed: 2)
    let x = try bench.buffer(values: [0, 0, 3, 4], rows: 1)
    let y = try bench.buffer(values: [6, 8], rows: 1)
    try bench.step { bench.backend.match(x, to: y) }
    #expect(bench.read(x) == [0, 0, 6, 8])
  }

  @Test("Rows are cut at so many deviations above their mean", arguments: Subject.all, [Float(-1), 0, 1.644_853_6])
  func sparsify(_ subject: Subject, deviations: Float) throws {
    for (rows, columns) in [(1, 2), (3, 7), (33, 40), (1, 4_099)] {
      try compare(subject, tolerance, "\(rows) rows of \(columns)") { bench in
        let x = try bench.buffer(rows: rows, columns: columns, scale: 3)
        try bench.step { bench.backend.sparsify(x, deviations: deviations) }
        return bench.read(x)
      }
    }
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

  @Test("Factors of columns", arguments: Subject.all)
  func multiply(_ subject: Subject) throws {
    for (rows, columns) in RowTests.shapes {
      try compare(subject, tolerance, "\(rows) rows of \(columns)") { bench in
        let x = try bench.buffer(rows: rows, columns: columns)
        let factors = try bench.vector(columns)
        try bench.step { bench.backend.multiply(x, by: factors) }
        return bench.read(x)
      }
    }
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
