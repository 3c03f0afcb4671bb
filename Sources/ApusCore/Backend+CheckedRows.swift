// The checked operations that work on each row by itself.

extension Backend {
  /// Norms each group of each row of x: `y = normed(x) · gain + bias`.
  ///
  /// x and y may be the same buffer. `gain` and `bias` have as many values as a row, or as one group, which then serve all groups.
  package func norm(
    _ x: Buffer, _ parameters: NormParameters, gain: Weight?, bias: Weight? = nil, into y: Buffer
  ) {
    precondition(owns(x) && owns(y), "norm: a buffer of another backend")
    let groups = parameters.groups
    precondition(
      groups > 0 && x.columns.isMultiple(of: groups) && x.rows == y.rows && x.columns == y.columns,
      "norm: \(x.shape) in \(groups) groups into \(y.shape)")
    precondition(
      fits(gain, count: x.columns) || fits(gain, count: x.columns / groups),
      "norm: a gain \(gain?.shape ?? "") of another backend or not for \(groups) groups of \(x.shape)")
    precondition(
      fits(bias, count: x.columns) || fits(bias, count: x.columns / groups),
      "norm: a bias \(bias?.shape ?? "") of another backend or not for \(groups) groups of \(x.shape)")
    _norm(x, parameters, gain: gain, bias: bias, into: y)
  }

  /// `x[i] += bias` for every row i.
  package func addBias(_ bias: Weight, to x: Buffer) {
    precondition(owns(x), "addBias: a buffer of another backend")
    precondition(fits(bias, count: x.columns), "addBias: \(bias.shape), of another backend or not for \(x.shape)")
    _addBias(bias, to: x)
  }

  /// `x += factor · y`.
  package func add(_ y: Buffer, to x: Buffer, factor: Float = 1) {
    precondition(owns(x) && owns(y), "add: a buffer of another backend")
    precondition(x.rows == y.rows && x.columns == y.columns, "add: \(y.shape) to \(x.shape)")
    _add(y, to: x, factor: factor)
  }

  /// `x[rows[i]] += factors[i] · y[i]`, for rows of x in rising order.
  package func add(_ y: Buffer, to x: Buffer, rows: [Int], factors: [Float]) {
    precondition(owns(x) && owns(y) && x !== y, "add: a buffer of another backend, or to itself")
    precondition(
      y.rows == rows.count && factors.count == rows.count && x.columns == y.columns,
      "add: \(y.shape) times \(factors.count) factors to \(rows.count) rows of \(x.shape)")
    var next = 0
    for row in rows {
      precondition(row >= next && row < x.rows, "add: row \(row) of \(x.shape), or out of order")
      next = row + 1
    }
    _add(y, to: x, rows: rows, factors: factors)
  }

  /// `x *= factor`.
  package func scale(_ x: Buffer, by factor: Float) {
    precondition(owns(x), "scale: a buffer of another backend")
    if factor != 1 { _scale(x, by: factor) }
  }

  /// `x = limit · tanh(x / limit)`.
  package func cap(_ x: Buffer, at limit: Float) {
    precondition(owns(x), "cap: a buffer of another backend")
    precondition(limit > 0, "cap: at \(limit)")
    _cap(x, at: limit)
  }

  /// `up = activation(gate) · up`; a gate of one column serves all columns of its row.
  package func gate(_ up: Buffer, by gate: Buffer, _ activation: Activation) {
    precondition(owns(up) && owns(gate), "gate: a buffer of another backend")
    precondition(
      gate.rows == up.rows && (gate.columns == up.columns || gate.columns == 1), "gate: \(up.shape) by \(gate.shape)")
    _gate(up, by: gate, activation)
  }

  /// `x = activation(x)`.
  package func activate(_ x: Buffer, _ activation: Activation) {
    precondition(owns(x), "activate: a buffer of another backend")
    precondition(activation != .clampedSwish, "activate: clampedSwish needs two inputs")
    _activate(x, activation)
  }

  /// `x *= 1 + factor · ln(1 + floor(position / positions))`, by the position of each row's token.
  ///
  /// Only in a step, of which x has all rows.
  package func temper(_ x: Buffer, factor: Float, every positions: Int) {
    precondition(owns(x), "temper: a buffer of another backend")
    precondition(checks.isUnderWay, "temper: no step has begun")
    precondition(
      x.rows == checks.rows && positions > 0,
      "temper: \(x.shape) in a step of \(checks.rows) rows, every \(positions) positions")
    _temper(x, factor: factor, every: positions)
  }
}
