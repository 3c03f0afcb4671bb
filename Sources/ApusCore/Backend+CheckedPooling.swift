// The checked operations that make one row of many.

extension Backend {
  /// `y[i]` is the mean of the rows `ranges[i]` of x; no range is empty.
  ///
  /// Rows are added in their order, in Double from -0 on, so that the result depends on nothing but them, and that of one row is that row.
  package func average(_ x: Buffer, rows ranges: [Range<Int>], into y: Buffer) {
    precondition(owns(x) && owns(y) && x !== y, "average: a buffer of another backend, or onto itself")
    precondition(
      y.rows == ranges.count && y.columns == x.columns, "average: \(ranges.count) ranges of \(x.shape) into \(y.shape)")
    for range in ranges {
      precondition(
        !range.isEmpty && range.lowerBound >= 0 && range.upperBound <= x.rows, "average: rows \(range) of \(x.shape)")
    }
    _average(x, rows: ranges, into: y)
  }
}
