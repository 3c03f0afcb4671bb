package import ApusCore
package import ApusGGUF

/// A model ready to compute: its weights with a backend, and the memory that a step works in.
///
/// One step at a time: calls of `forward` must not overlap, whichever thread makes them. Nothing else changes after
/// `init`, which is why this may pass between threads.
package final class LanguageModel: @unchecked Sendable {
  package struct Options: Sendable {
    /// Tokens that one step processes at most; activations grow with it.
    package var maxBatchRows = 256
    /// Whether loading searches all weights for NaN, infinity and lost bytes, so that it reads the whole file.
    ///
    /// A backend looks at each weight in any case when it first uses it.
    package var verifiesWeights = false
    /// Positions of a sequence at most; nil for what the model was trained for.
    ///
    /// Models with LongRoPE turn otherwise where it is beyond what they were first trained for.
    package var contextLength: Int?

    package init() {}
  }

  package let configuration: ModelConfiguration
  package let backend: any Backend
  package let maxBatchRows: Int
  let network: Network
  private let weights: [Weight]
  let arena: ActivationArena

  /// Takes all weights of `file` into use and makes the buffers of a step.
  ///
  /// - Precondition: `options.maxBatchRows` is at least 1.
  package init(
    _ file: GGUFFile, backend: any Backend, options: Options = Options(), progress: LoadProgress? = nil
  ) throws(ModelError) {
    precondition(options.maxBatchRows > 0, "a batch has at least one row")
    configuration = try ModelConfiguration(file)
    self.backend = backend
    maxBatchRows = options.maxBatchRows
    let weights = try WeightMap(file, backend, verifiesValues: options.verifiesWeights, progress: progress)
    network = try Network(
      configuration.plan, contextLength: options.contextLength ?? configuration.contextLength, weights)
    self.weights = weights.weights
    do throws(BackendError) {
      arena = try ActivationArena(configuration.plan, rows: maxBatchRows, backend)
    } catch {
      throw .backend(error)
    }
  }

  /// Room for `slots` sequences of `positions` positions each; for `stateSlots` see `kvCacheLayout`.
  package func makeKVCache(
    format: KVFormat, positions: Int, slots: Int = 1, stateSlots: Int? = nil
  ) throws(BackendError) -> KVCache {
    let layout = configuration.kvCacheLayout(
      format: format, positions: positions, slots: slots, stateSlots: stateSlots)
    guard let layout else {
      throw .unsupported("a KV cache of \(slots) times \(positions) positions is too large: give it fewer positions")
    }
    return try backend.makeKVCache(layout)
  }

  /// Whether the weights, in all that was used of them, are what they were at their first use; not during a step.
  ///
  /// Reads them once more; `onProgress` is called before each.
  package func isUnchanged(_ onProgress: () -> Void = {}) -> Bool {
    weights.allSatisfy { weight in
      onProgress()
      return backend.isUnchanged(weight)
    }
  }

  /// Processes `tokens`, one for each row of `batch`: keys, values and states go into `cache`, the logits that follow
  /// the tokens of `logitRows` into `logits`, `[logitRows, vocabularySize]`.
  ///
  /// Throws where the step failed as a whole, or the model generates no text; nothing that it stored in the cache may
  /// be used then. Returns what failed for single rows: their sequences' keys, values, states and logits are no good, those of
  /// others are.
  ///
  /// - Precondition: There are at most `maxBatchRows` tokens, all of the vocabulary; `logitRows` are rows of `batch`,
  ///   ascending.
  package func forward(
    tokens: [Token], batch: AttentionBatch, cache: KVCache, logitRows: [Int], into logits: inout MutableSpan<Float>
  ) throws(BackendError) -> [RowFailure] {
    guard case .logits(let head) = network.head else {
      throw .unsupported("this model makes embeddings and does not generate text: use one that does")
    }
    precondition(logits.count == logitRows.count * configuration.vocabularySize, "room for other logits")
    guard !tokens.isEmpty else { return [] }
    let normed = run(tokens, batch, cache, keptRows: logitRows)
    if let normed { computeLogits(head, of: normed, count: logitRows.count, into: &logits) }
    return try backend.finish() + nonFiniteRows(logitRows, of: logits)
  }

  /// Walks the network; the normed activations of `keptRows`, if there are any.
  func run(_ tokens: [Token], _ batch: AttentionBatch, _ cache: KVCache, keptRows: [Int]) -> Buffer? {
    precondition(tokens.count == batch.rows && tokens.count <= maxBatchRows, "a batch larger than its buffers")
    precondition(tokens.allSatisfy { $0 >= 0 && $0 < configuration.vocabularySize }, "a token of no vocabulary")
    precondition(keptRows.allSatisfy { $0 >= 0 && $0 < tokens.count }, "results of a row that is not in the batch")
    precondition(zip(keptRows, keptRows.dropFirst()).allSatisfy { $0 < $1 }, "rows out of order")
    backend.begin(batch)
    arena.begin(rows: tokens.count)
    return network.forward(
      ForwardStep(
        backend: backend, arena: arena, tokens: tokens, positions: batch.positions, cache: cache, keptRows: keptRows,
        hiddenSize: configuration.hiddenSize))
  }

  /// Turns the first `count` rows of the normed activations into logits, a few rows at a time.
  private func computeLogits(
    _ head: LogitsHead, of normed: Buffer, count: Int, into logits: inout MutableSpan<Float>
  ) {
    let (size, most) = (configuration.vocabularySize, ActivationArena.logitRows)
    for start in stride(from: 0, to: count, by: most) {
      let rows = min(most, count - start)
      arena.logits.reshape(rows: rows, columns: size)
      var input = normed
      if rows < count {
        input = arena.logitInput
        input.reshape(rows: rows, columns: configuration.hiddenSize)
        backend.gather(normed, rows: Array(start..<start + rows), into: input)
      }
      head.forward(input, into: arena.logits, backend)
      var part = logits._mutatingExtracting(start * size..<(start + rows) * size)
      backend.read(arena.logits, rows: 0..<rows, into: &part)
    }
  }

  /// The rows of the batch whose logits hold a NaN or infinity.
  private func nonFiniteRows(_ rows: [Int], of logits: borrowing MutableSpan<Float>) -> [RowFailure] {
    let size = configuration.vocabularySize
    return rows.indices.compactMap { index in
      let row = logits.span.extracting(index * size..<(index + 1) * size)
      return isFinite(row) ? nil : RowFailure(row: rows[index], error: .nonFiniteResult(what: "logits"))
    }
  }
}

/// Whether all values are finite: as integers, infinity and NaN are above all others but for the sign.
func isFinite(_ values: Span<Float>) -> Bool {
  var largest: UInt32 = 0
  for index in values.indices { largest = max(largest, values[index].magnitude.bitPattern) }
  return largest < Float.infinity.bitPattern
}

/// Called while a model loads, with the bytes of weights taken so far and of all weights.
package typealias LoadProgress = (_ loadedBytes: Int, _ totalBytes: Int) -> Void
