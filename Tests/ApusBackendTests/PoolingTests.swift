internal import ApusCore
internal import Testing

/// Means of rows, against the reference.
struct PoolingTests {
  @Test("Means of ranges of rows", arguments: Subject.all)
  func means(_ subject: Subject) throws {
    let ranges = [0..<1, 0..<40, 3..<5, 39..<40, 1..<33]
    for columns in [1, 7, 64, 255, 257, 1_031] {
      try compare(subject, .ofPeak(3e-7), "\(columns) columns") { bench in
        let x = try bench.buffer(rows: 40, columns: columns)
        let y = try bench.buffer(rows: ranges.count, columns: columns)
        try bench.step { bench.backend.average(x, rows: ranges, into: y) }
        return bench.read(y)
      }
    }
  }

  @Test("A mean has the same bits whatever is computed beside it", arguments: Subject.all)
  func independent(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 3)
    let x = try bench.buffer(rows: 50, columns: 300)
    func means(_ ranges: [Range<Int>]) throws -> [Float] {
      let y = try bench.buffer(rows: ranges.count, columns: 300)
      try bench.step { bench.backend.average(x, rows: ranges, into: y) }
      return bench.read(y)
    }
    let alone = try means([7..<41])
    #expect(try bits(means([0..<7, 7..<41, 41..<50])[300..<600]) == bits(alone))
  }

  @Test("The mean of one row is that row", arguments: Subject.all)
  func one(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 4)
    let x = try bench.buffer(rows: 2, columns: 33)
    let y = try bench.buffer(rows: 1, columns: 33)
    try bench.step { bench.backend.average(x, rows: [1..<2], into: y) }
    #expect(bits(bench.read(y)) == bits(bench.read(x)[33...]))
  }
}
