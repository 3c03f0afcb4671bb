internal import ApusCore
internal import Testing

/// Operations on several residual streams of a row, and on what is sparse, against the reference.
struct StreamTests {
  @Test("Factors of columns", arguments: Subject.all)
  func multiply(_ subject: Subject) throws {
    for (rows, columns) in RowTests.shapes {
      try compare(subject, .ofPeak(2e-7), "\(rows) rows of \(columns)") { bench in
        let (x, factors) = (try bench.buffer(rows: rows, columns: columns), try bench.vector(columns))
        try bench.step { bench.backend.multiply(x, by: factors) }
        return bench.read(x)
      }
    }
  }

  @Test("Rows are cut some deviations above their means", arguments: Subject.all, [Float(-1), 0, 1.6448536])
  func sparsify(_ subject: Subject, deviations: Float) throws {
    for (rows, columns) in [(1, 2), (33, 40), (2, 4_099)] {
      try compare(subject, .ofPeak(3e-6), "\(deviations), \(rows) rows of \(columns)") { bench in
        let x = try bench.buffer(rows: rows, columns: columns, scale: 3)
        try bench.step { bench.backend.sparsify(x, deviations: deviations) }
        return bench.read(x)
      }
    }
  }

  @Test("Parts of rows get the length of another row", arguments: Subject.all)
  func match(_ subject: Subject) throws {
    for (rows, width, parts) in [(1, 1, 3), (33, 40, 1), (2, 1_031, 4)] {
      try compare(subject, .ofPeak(3e-6), "\(rows) rows of \(parts) parts") { bench in
        let x = try bench.buffer(rows: rows, columns: parts * width)
        let y = try bench.buffer(rows: rows, columns: width, scale: 9)
        try bench.step { bench.backend.match(x, to: y) }
        return bench.read(x)
      }
    }
    let bench = try Bench(subject.make(), seed: 1)
    let (x, y) = (try bench.buffer(values: [0, 0, 3, 4], rows: 1), try bench.buffer(values: [0, 10], rows: 1))
    try bench.step { bench.backend.match(x, to: y) }
    #expect(bench.read(x)[..<2] == [0, 0])
    #expect(zip(bench.read(x)[2...], [6, 8]).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("Streams are mixed, with and without coefficients, also in place", arguments: Subject.all)
  func mix(_ subject: Subject) throws {
    for (rows, width, from, to, first) in [(1, 5, 4, 4, 0), (33, 40, 1, 3, 1), (2, 33, 3, 1, 0), (3, 8, 2, 2, 2)] {
      for hasCoefficients in [true, false] {
        try compare(subject, .ofPeak(2e-6), "\(from) into \(to) from \(first), \(hasCoefficients)") { bench in
          let x = try bench.buffer(rows: rows, columns: from * width)
          let y = try bench.buffer(rows: rows, columns: to * width)
          let coefficients = try bench.buffer(rows: rows, columns: (to - first) * from)
          try bench.step {
            bench.backend.mix(
              x, width: width, by: hasCoefficients ? coefficients : nil, plus: 0.25, into: y, at: first)
            bench.backend.mix(x, width: width, plus: -0.5, into: x)
          }
          return bench.read(y) + bench.read(x)
        }
      }
    }
  }
}
