/// What is wanted of a step: logits of some of its rows, vectors of others.
package struct WantedRows: Sendable, Equatable {
  /// Rows whose logits are wanted, in rising order.
  package var logits: [Int]
  /// Runs of rows, one behind the other, each of which becomes a vector: the mean of its rows behind the final norm,
  /// and what the model makes of that where it is made for vectors or scores.
  ///
  /// None is empty, or has a row whose logits are wanted.
  package var vectors: [Range<Int>]

  package init(logits: [Int] = [], vectors: [Range<Int>] = []) { (self.logits, self.vectors) = (logits, vectors) }

  /// All wanted rows, in rising order.
  var rows: [Int] {
    if vectors.isEmpty { return logits }
    let rows = vectors.flatMap(\.self)
    return logits.isEmpty ? rows : (logits + rows).sorted()
  }
}

extension WantedRows {
  /// Where the rows of a batch are once only some of them are kept.
  struct Places {
    private let places: [Int]

    /// The places of `kept`, in rising order, of so many rows.
    init(_ kept: [Int], of count: Int) {
      var places = [Int](repeating: -1, count: count)
      for (place, row) in kept.enumerated() { places[row] = place }
      self.places = places
    }

    subscript(row: Int) -> Int { places[row] }

    subscript(rows: Range<Int>) -> Range<Int> { places[rows.lowerBound]..<places[rows.lowerBound] + rows.count }
  }
}
