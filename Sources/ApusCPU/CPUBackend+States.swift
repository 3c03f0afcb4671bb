package import ApusCore

// What recurrent layers do beside their matmuls: a few operations a value, well under a hundredth of a step, so plain
// loops do. A value's sum goes over the taps in their order, wherever its inputs come from.

extension CPUBackend {
  package func _multiply(_ x: Buffer, by y: Buffer) {
    let (x, y) = (x.cpu, y.cpu)
    forEachRow(x.rows, columns: x.columns) { row in
      let (target, factors) = unsafe (x.row(row), y.row(row))
      for i in 0..<x.columns { unsafe target[i] *= factors[i] }
    }
  }

  package func _convolve(_ x: Buffer, _ convolution: Convolution, in cache: KVCache, state: Int, into y: Buffer) {
    let (taps, bias, activation) = (convolution.taps.cpu, convolution.bias?.cpu, convolution.activation)
    guard verify(taps), bias.map({ verify($0) }) ?? true, let weights = unsafe columnRows(of: taps) else { return }
    let (x, y, channels) = (x.cpu, y.cpu, x.columns)
    let inputs = unsafe PastInputs(x, batch, sequenceRows, past: taps.columns - 1, in: cache.cpu, state: state)
    forEachRow(x.rows, columns: 2 * taps.columns * channels) { row in
      let target = unsafe y.row(row)
      unsafe target.update(repeating: 0, count: channels)
      for tap in 0..<taps.columns {
        guard let input = unsafe inputs.input(before: row, by: taps.columns - 1 - tap) else { continue }
        let factors = unsafe weights + tap * channels
        for i in 0..<channels { unsafe target[i] += factors[i] * input[i] }
      }
      if let bias { unsafe kernels.add(bias.floats, to: target, count: channels) }
      if let activation { unsafe kernels.activate(activation, target, count: channels) }
    }
    unsafe inputs.keep(batch.states, self)
  }

  /// The columns of a matrix as rows of floats, so that a column lies in one piece; nil (and a failure kept) without
  /// memory.
  @unsafe private func columnRows(of weight: CPUWeight) -> UnsafePointer<Float>? {
    do throws(BackendError) {
      return unsafe UnsafePointer(try weight.columnRows(kernels))
    } catch {
      fail(error)
      return nil
    }
  }
}

extension CPUWeight {
  @unsafe fileprivate func columnRows(_ kernels: Kernels) throws(BackendError) -> UnsafeMutablePointer<Float> {
    if let made = unsafe columnRows?.pointer { return unsafe made.assumingMemoryBound(to: Float.self) }
    let all = try AlignedBuffer(byteCount: rows * columns * 4, for: name)
    let row = try AlignedBuffer(byteCount: columns * 4, for: name)
    let target = unsafe all.pointer.assumingMemoryBound(to: Float.self)
    let values = unsafe row.pointer.assumingMemoryBound(to: Float.self)
    for index in 0..<rows {
      unsafe kernels.decode(format, self.row(index), count: columns, into: values)
      for column in 0..<columns { unsafe target[column * rows + index] = values[column] }
    }
    columnRows = consume all
    return unsafe target
  }
}

/// Which rows of a step each sequence has; nothing for a model without recurrent layers.
struct SequenceRows {
  /// The rows of each sequence, in their order.
  let all: [[Int]]
  /// Each row's sequence, and its place among those of its sequence.
  let sequences: [Int]
  let places: [Int]

  init(_ batch: AttentionBatch) {
    all = batch.states.isEmpty ? [] : batch.rowsOfSequences
    sequences = batch.states.isEmpty ? [] : batch.sequences.map { Int($0) }
    var places = [Int](repeating: 0, count: sequences.count)
    for rows in all { for (place, row) in rows.enumerated() { places[row] = place } }
    self.places = places
  }
}

/// The inputs of a convolution: rows of the step, and in front of each sequence's first the last ones of its state.
@unsafe private struct PastInputs {
  private let x: CPURows
  /// Inputs in a state.
  private let past: Int
  private let cache: CPUKVCache
  private let state: Int
  private let rows: SequenceRows
  /// The state that each sequence starts from; nil for zeros.
  private let starts: [UnsafeMutablePointer<Float>?]

  init(
    _ x: CPURows, _ batch: AttentionBatch, _ rows: SequenceRows, past: Int, in cache: CPUKVCache, state: Int
  ) {
    unsafe (self.x, self.rows, self.past, self.cache, self.state) = (x, rows, past, cache, state)
    unsafe starts = batch.states.map { states in unsafe states.start.map { unsafe cache.state(state, slot: $0) } }
  }

  /// The input so many positions before that of a row; nil for one before the sequence, which is zeros.
  func input(before row: Int, by distance: Int) -> UnsafePointer<Float>? {
    unsafe input(at: rows.places[row] - distance, of: rows.sequences[row])
  }

  /// The input at a place of a sequence, counted from its first row in the step.
  private func input(at place: Int, of sequence: Int) -> UnsafePointer<Float>? {
    if place >= 0 { return unsafe UnsafePointer(x.row(rows.all[sequence][place])) }
    return unsafe starts[sequence].map { unsafe UnsafePointer($0 + (past + place) * x.columns) }
  }

  /// Writes the states that are to be kept.
  func keep(_ states: [SequenceStates], _ backend: CPUBackend) {
    unsafe backend.forEachRow(states.count, columns: past * x.columns) { sequence in
      guard let last = unsafe rows.all[sequence].indices.last else { return }
      for snapshot in states[sequence].snapshots {
        unsafe keep(behind: rows.places[snapshot.row], of: sequence, in: cache.state(state, slot: snapshot.slot))
      }
      // Last, as it may be the one that was started from; its inputs move to the front, so that none is lost.
      if let end = states[sequence].end { unsafe keep(behind: last, of: sequence, in: cache.state(state, slot: end)) }
    }
  }

  private func keep(behind place: Int, of sequence: Int, in target: UnsafeMutablePointer<Float>) {
    for index in unsafe 0..<past {
      let copy = unsafe target + index * x.columns
      if let input = unsafe input(at: place + 1 - past + index, of: sequence) {
        unsafe copy.update(from: input, count: x.columns)
      } else {
        unsafe copy.update(repeating: 0, count: x.columns)
      }
    }
  }
}
