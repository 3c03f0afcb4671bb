// The checked operations on several residual streams of a row, and on what is sparse.

extension Backend {
  /// `x[i] *= factors` for every row i.
  package func multiply(_ x: Buffer, by factors: Weight) {
    precondition(owns(x), "multiply: a buffer of another backend")
    precondition(
      fits(factors, count: x.columns), "multiply: \(x.shape) by \(factors.shape), of another backend or too short")
    _multiply(x, by: factors)
  }

  /// Cuts each row at its mean plus so many standard deviations: `x = max(x - (mean + deviations · deviation), 0)`.
  ///
  /// The deviation is that of a sample: the sum of squares is divided by one less than the columns.
  package func sparsify(_ x: Buffer, deviations: Float) {
    precondition(owns(x), "sparsify: a buffer of another backend")
    precondition(x.columns > 1, "sparsify: \(x.shape) has no deviation")
    _sparsify(x, deviations: deviations)
  }

  /// Brings each part of a row of x to the length of the row of y: `x[p] *= |y| / |x[p]|`.
  ///
  /// A part is as many values as a row of y; one of zeros stays.
  package func match(_ x: Buffer, to y: Buffer) {
    precondition(owns(x) && owns(y) && x !== y, "match: a buffer of another backend, or onto itself")
    precondition(
      x.rows == y.rows && y.columns > 0 && x.columns.isMultiple(of: y.columns), "match: \(x.shape) to \(y.shape)")
    _match(x, to: y)
  }

  /// Adds to each part of y a weighted sum of the parts of x: `y[first + j] += Σᵢ (coefficients[j · n + i] + offset) · x[i]`.
  ///
  /// A part is `width` values; x has n of them, and all parts of y from `first` on take part. `coefficients` are those of
  /// each row; 0 without. x and y may be the same buffer: sums are of what was there before.
  package func mix(
    _ x: Buffer, width: Int, by coefficients: Buffer? = nil, plus offset: Float = 0, into y: Buffer, at first: Int = 0
  ) {
    precondition(owns(x) && owns(y), "mix: a buffer of another backend")
    precondition(
      width > 0 && x.rows == y.rows && x.columns.isMultiple(of: width) && y.columns.isMultiple(of: width) && first >= 0
        && first <= y.columns / width,
      "mix: \(x.shape) in parts of \(width) into \(y.shape) at \(first)")
    if let coefficients {
      precondition(owns(coefficients) && coefficients !== y, "mix: a buffer of another backend, or by itself")
      precondition(
        coefficients.rows == x.rows
          && coefficients.columns == (y.columns / width - first) * (x.columns / width),
        "mix: \(x.shape) in parts of \(width) by \(coefficients.shape) into \(y.shape) at \(first)")
    }
    _mix(x, width: width, by: coefficients, plus: offset, into: y, at: first)
  }
}
