// The operations as callers use them. Sizes and owners are checked here, once for all backends: an operation takes
// microseconds, its checks nanoseconds. What is wrong is a mistake of the caller, never of a file or a request, so it
// is a precondition; a debug build says which sizes did not fit. Here: steps, and what moves or multiplies rows; the
// files beside this one have the rest.

extension Backend {
  /// Starts a step on the rows of `batch`.
  ///
  /// Positions count from 0; the block table of each row's sequence reaches to the row's position.
  package func begin(_ batch: AttentionBatch) {
    checks.begin(batch)
    _begin(batch)
  }

  /// Ends a step; throws where it failed as a whole, and returns what failed for single rows, at most once for each.
  package func finish() throws(BackendError) -> [RowFailure] {
    checks.finish()
    return try _finish()
  }

  /// Copies rows of x to `values` `[rows.count, columns]`, once all operations on it are done.
  package func read(_ x: Buffer, rows: Range<Int>, into values: inout MutableSpan<Float>) {
    precondition(owns(x), "read: a buffer of another backend")
    precondition(rows.lowerBound >= 0 && rows.upperBound <= x.rows, "read: rows \(rows) of \(x.shape)")
    precondition(
      values.count == rows.count * x.columns, "read: \(rows.count) rows of \(x.shape) into \(values.count) values")
    _read(x, rows: rows, into: &values)
  }

  /// `x[i] = table[tokens[i]]`; a row of the table that is damaged fails that row of the step's batch only.
  package func embed(_ tokens: [Token], from table: Weight, into x: Buffer) {
    precondition(owns(x) && owns(table), "embed: a buffer or weight of another backend")
    precondition(
      table.count == 1 && table.columns == x.columns && tokens.count == x.rows,
      "embed: \(tokens.count) rows of \(table.shape) into \(x.shape)")
    for token in tokens {
      precondition(token >= 0 && Int(token) < table.rows, "embed: row \(token) of \(table.shape)")
    }
    _embed(tokens, from: table, into: x)
  }

  /// `y[i] = x[rows[i]]`.
  package func gather(_ x: Buffer, rows: [Int], into y: Buffer) {
    precondition(owns(x) && owns(y) && x !== y, "gather: a buffer of another backend, or onto itself")
    precondition(
      y.rows == rows.count && y.columns == x.columns, "gather: \(rows.count) rows of \(x.shape) into \(y.shape)")
    for row in rows { precondition(row >= 0 && row < x.rows, "gather: row \(row) of \(x.shape)") }
    _gather(x, rows: rows, into: y)
  }

  /// Keeps the rows `rows` of x, ascending, and forgets the others.
  package func keep(_ x: Buffer, rows: [Int]) {
    precondition(owns(x), "keep: a buffer of another backend")
    var next = 0
    for row in rows {
      precondition(row >= next && row < x.rows, "keep: row \(row) of \(x.shape), or out of order")
      next = row + 1
    }
    _gather(x, rows: rows, into: x)
    x.reshape(rows: rows.count, columns: x.columns)
  }

  /// `y[j] = x · w[j]ᵀ` for each pair: all weights read the same x `[rows, columns]`.
  package func matmul(_ x: Buffer, _ weights: [Weight], into results: [Buffer]) {
    precondition(owns(x), "matmul: a buffer of another backend")
    precondition(weights.count == results.count, "matmul: \(weights.count) weights into \(results.count) buffers")
    for i in weights.indices {
      let (weight, y) = (weights[i], results[i])
      precondition(owns(weight) && owns(y) && x !== y, "matmul: an operand of another backend, or onto itself")
      precondition(
        weight.count == 1 && weight.columns == x.columns && y.rows == x.rows && y.columns == weight.rows,
        "matmul: \(x.shape) by \(weight.shape) into \(y.shape)")
      for j in 0..<i { precondition(results[j] !== y, "matmul: two results in one buffer") }
    }
    _matmul(x, weights, into: results)
  }

  /// Multiplies each head by a matrix of its own: `y[h][target...] = x[h][offset..<offset + w.columns] · w[h]ᵀ`.
  ///
  /// The weight is a stack of as many matrices as there are heads; x and y hold the heads one after the other. Other
  /// values of y stay.
  package func matmulHeads(
    _ x: Buffer, from offset: Int = 0, _ weight: Weight, into y: Buffer, at target: Int = 0
  ) {
    precondition(
      owns(x) && owns(weight) && owns(y) && x !== y, "matmulHeads: an operand of another backend, or onto itself")
    let heads = weight.count
    precondition(
      x.rows == y.rows && x.columns.isMultiple(of: heads) && y.columns.isMultiple(of: heads) && offset >= 0
        && target >= 0 && offset + weight.columns <= x.columns / heads && target + weight.rows <= y.columns / heads,
      "matmulHeads: \(x.shape) from \(offset) by \(weight.shape) into \(y.shape) at \(target)")
    _matmulHeads(x, from: offset, weight, into: y, at: target)
  }

  /// Copies a part of each head: `y[h][target...] = x[h][part]`; where x has one head, to all heads of y.
  ///
  /// y has `heads` heads, and x as many; but where `part` does not fit in one of these, x is one head. Other values of
  /// y stay.
  package func copyHeads(_ x: Buffer, heads: Int, from part: Range<Int>, into y: Buffer, at target: Int) {
    precondition(owns(x) && owns(y) && x !== y, "copyHeads: a buffer of another backend, or onto itself")
    precondition(
      heads > 0 && x.rows == y.rows && y.columns.isMultiple(of: heads) && part.lowerBound >= 0 && target >= 0
        && part.upperBound <= x.columns && target + part.count <= y.columns / heads
        && (x.columns.isMultiple(of: heads) || part.upperBound > x.columns / heads),
      "copyHeads: \(part) of \(heads) heads of \(x.shape) into \(y.shape) at \(target)")
    _copyHeads(x, heads: heads, from: part, into: y, at: target)
  }
}

// What checks are made of.
extension Backend {
  func owns(_ x: Buffer) -> Bool { x.owner == ObjectIdentifier(self) }
  func owns(_ weight: Weight) -> Bool { weight.owner == ObjectIdentifier(self) }
  func owns(_ cache: KVCache) -> Bool { cache.owner == ObjectIdentifier(self) }
  func owns(_ routing: Routing) -> Bool { routing.owner == ObjectIdentifier(self) }

  /// Whether there is no weight, or one of this backend that is a vector of `count` values.
  func fits(_ vector: Weight?, count: Int) -> Bool {
    guard let vector else { return true }
    return owns(vector) && vector.count == 1 && vector.rows == 1 && vector.columns == count
  }
}

extension Buffer {
  /// For messages.
  var shape: String { "[\(rows), \(columns)]" }
}

extension Weight {
  /// For messages.
  var shape: String { count == 1 ? "'\(name)' [\(rows), \(columns)]" : "'\(name)' [\(count)][\(rows), \(columns)]" }
}
