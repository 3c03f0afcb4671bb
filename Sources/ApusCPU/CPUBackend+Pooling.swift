package import ApusCore

extension CPUBackend {
  package func _average(_ x: Buffer, rows ranges: [Range<Int>], into y: Buffer) {
    let (x, y) = (x.cpu, y.cpu)
    let tileColumns = Self.averagedColumns
    let tilesPerRow = (x.columns + tileColumns - 1) / tileColumns
    pool.run(tiles: ranges.count * tilesPerRow) { tile, _ in
      let (index, start) = (tile / tilesPerRow, tile % tilesPerRow * tileColumns)
      let columns = start..<min(x.columns, start + tileColumns)
      unsafe average(x, rows: ranges[index], columns, into: y.row(index))
    }
  }

  /// Columns that one thread adds up at a time: their sums stay in the first-level cache.
  private static let averagedColumns = 256

  /// The mean of some rows, in some columns.
  private func average(
    _ x: CPURows, rows: Range<Int>, _ columns: Range<Int>, into result: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: columns.count) { sums in
      // Nothing changes what is added to -0, its sign included.
      unsafe sums.initialize(repeating: -0.0)
      for row in rows {
        let values = unsafe x.row(row) + columns.lowerBound
        for i in 0..<columns.count { unsafe sums[i] += Double(values[i]) }
      }
      for i in 0..<columns.count { unsafe result[columns.lowerBound + i] = Float(sums[i] / Double(rows.count)) }
    }
  }
}
