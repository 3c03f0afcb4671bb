package import ApusCore

extension ReferenceBackend {
  package func _average(_ x: Buffer, rows ranges: [Range<Int>], into y: Buffer) {
    for (index, range) in ranges.enumerated() {
      var sums = [Double](repeating: -0.0, count: x.columns)
      for row in range {
        for (column, value) in x.values(of: row).enumerated() { sums[column] += Double(value) }
      }
      y.replace(row: index, by: sums.map { Float($0 / Double(range.count)) })
    }
  }
}
