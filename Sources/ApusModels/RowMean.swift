/// The mean of rows that come one after the other; a pure value.
///
/// It adds as `Backend.average` does, so that no bit depends on how many rows come at once.
package struct RowMean: Sendable, Equatable {
  private var sums: [Double] = []
  /// Rows so far.
  package private(set) var count = 0

  package init() {}

  /// Takes the next row.
  package mutating func add(_ row: Span<Float>) {
    // Nothing changes what is added to -0, its sign included.
    if count == 0 { sums = [Double](repeating: -0.0, count: row.count) }
    for column in row.indices { sums[column] += Double(row[column]) }
    count += 1
  }

  /// The mean; empty where no row came.
  package var values: [Float] { sums.map { Float($0 / Double(count)) } }
}

/// The vector of length 1 in the same direction; one of zeros stays.
package func normalized(_ vector: [Float]) -> [Float] {
  let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  return length > 0 ? vector.map { Float(Double($0) / length) } : vector
}
