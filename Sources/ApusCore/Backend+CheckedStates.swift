// The checked operations of recurrent layers, which keep states of sequences from step to step.

extension Backend {
  /// `x *= y`, value by value.
  package func multiply(_ x: Buffer, by y: Buffer) {
    precondition(owns(x) && owns(y), "multiply: a buffer of another backend")
    precondition(x.rows == y.rows && x.columns == y.columns, "multiply: \(x.shape) by \(y.shape)")
    _multiply(x, by: y)
  }

  /// Convolves each channel with the inputs before it in its sequence: for n taps w,
  /// `y[t][c] = activation(w[c][0] · x[t - n + 1][c] + … + w[c][n - 1] · x[t][c] + bias[c])`.
  ///
  /// x and y are `[rows, channels]`, and all rows of a step. The state is the sequence's last n - 1 inputs,
  /// `[n - 1][channels]`, the oldest first.
  package func convolve(_ x: Buffer, _ convolution: Convolution, in cache: KVCache, state: Int, into y: Buffer) {
    let taps = convolution.taps
    precondition(
      owns(x) && owns(taps) && owns(cache) && owns(y) && x !== y,
      "convolve: an operand of another backend, or onto itself")
    precondition(
      x.rows == checks.rows && y.rows == x.rows && y.columns == x.columns && taps.count == 1 && taps.columns > 0
        && taps.rows == x.columns,
      "convolve: \(x.shape) by \(taps.shape) into \(y.shape) in a step of \(checks.rows) rows")
    precondition(
      fits(convolution.bias, count: x.columns), "convolve: a bias of another backend or not for \(x.shape)")
    precondition(convolution.activation != .clampedSwish, "convolve: clampedSwish needs two inputs")
    check(cache, state: state, values: (taps.columns - 1) * x.columns)
    _convolve(x, convolution, in: cache, state: state, into: y)
  }

  /// Checks that a step is under way whose sequences have their states in the cache, of this size each.
  private func check(_ cache: KVCache, state: Int, values: Int) {
    precondition(checks.isUnderWay, "convolve: no step has begun")
    precondition(
      cache.layout.states.indices.contains(state) && cache.layout.states[state] == values,
      "convolve: \(values) values in state \(state) of \(cache.layout.states)")
    precondition(checks.hasStates, "convolve: the step's sequences have no state slots")
    precondition(
      Int(checks.highestSlot) < cache.layout.stateSlots,
      "convolve: state slot \(checks.highestSlot) of a KV cache of \(cache.layout.stateSlots)")
  }
}
