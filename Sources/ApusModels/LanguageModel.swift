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
    /// Adapters that rows of a step may be computed with, by their numbers.
    package var adapters: [AdapterFile] = []

    package init() {}
  }

  package let configuration: ModelConfiguration
  package let backend: any Backend
  package let maxBatchRows: Int
  let network: Network
  private let weights: [Weight]
  let arena: ActivationArena
  private let adapters: Adapters?

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
    adapters = try Adapters(options.adapters, of: file, configuration, weights, rows: maxBatchRows)
  }

  /// Room for `slots` sequences of `positions` positions each; for the others see `kvCacheLayout`.
  package func makeKVCache(
    format: KVFormat, positions: Int, slots: Int = 1, windowBlocks: Int? = nil, stateSlots: Int? = nil
  ) throws(BackendError) -> KVCache {
    let layout = configuration.kvCacheLayout(
      format: format, positions: positions, slots: slots, windowBlocks: windowBlocks, stateSlots: stateSlots)
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
  /// the tokens of `wanted.logits` into `logits`, `[wanted.logits, vocabularySize]`, and what became of
  /// `wanted.vectors` into `vectors`, `[wanted.vectors, vectorSize]`.
  ///
  /// Throws where the step failed as a whole, or logits are wanted of a model that generates no text; nothing that it
  /// stored in the cache may be used then. Returns what failed for single rows: their sequences' keys, values, states
  /// and results are no good, those of others are.
  ///
  /// `uses` are the adapters of each sequence of the batch, or empty where none has any.
  ///
  /// - Precondition: There are at most `maxBatchRows` tokens, all of the vocabulary; what is wanted are rows of `batch`;
  ///   a sequence's adapters are of this model, in the order of their numbers. A model that pools has whole sequences in
  ///   its batches.
  package func forward(
    tokens: [Token], batch: AttentionBatch, adapters uses: [[AdapterUse]] = [], cache: KVCache, wanted: WantedRows,
    into logits: inout MutableSpan<Float>, _ vectors: inout MutableSpan<Float>
  ) throws(BackendError) -> [RowFailure] {
    if !wanted.logits.isEmpty, configuration.pooling != nil {
      throw .unsupported("this model makes embeddings and does not generate text: use one that does")
    }
    precondition(logits.count == wanted.logits.count * configuration.vocabularySize, "room for other logits")
    precondition(vectors.count == wanted.vectors.count * configuration.vectorSize, "room for other vectors")
    guard !tokens.isEmpty else { return [] }
    let (kept, adapters) = (wanted.rows, adapters?.step(uses, batch.sequences, backend))
    if let normed = run(tokens, batch, cache, keptRows: kept, adapters) {
      let places = WantedRows.Places(kept, of: tokens.count)
      if case .logits(let head) = network.head {
        computeLogits(head, of: normed, places, wanted.logits, adapters, into: &logits)
      }
      computeVectors(of: normed, rows: wanted.vectors.map { places[$0] }, into: &vectors)
    }
    return try backend.finish() + nonFiniteRows(wanted.logits, of: logits, "logits")
      + nonFiniteRows(wanted.vectors.map(\.lowerBound), of: vectors, "embeddings")
  }

  /// Walks the network; the normed activations of `keptRows`, if there are any.
  private func run(
    _ tokens: [Token], _ batch: AttentionBatch, _ cache: KVCache, keptRows: [Int], _ adapters: StepAdapters?
  ) -> Buffer? {
    precondition(tokens.count == batch.rows && tokens.count <= maxBatchRows, "a batch larger than its buffers")
    precondition(tokens.allSatisfy { $0 >= 0 && $0 < configuration.vocabularySize }, "a token of no vocabulary")
    precondition(keptRows.allSatisfy { $0 >= 0 && $0 < tokens.count }, "results of a row that is not in the batch")
    precondition(zip(keptRows, keptRows.dropFirst()).allSatisfy { $0 < $1 }, "rows out of order")
    var batch = batch
    // Whole sequences start from zeros and leave nothing.
    if configuration.needsWholeSequences, !configuration.states.isEmpty {
      batch.states = batch.blockTables.map { _ in SequenceStates(end: nil) }
    }
    backend.begin(batch)
    arena.begin(rows: tokens.count)
    return network.forward(
      ForwardStep(
        backend: backend, arena: arena, tokens: tokens, positions: batch.positions, cache: cache, adapters: adapters,
        keptRows: keptRows, hiddenSize: configuration.hiddenSize))
  }

  /// Turns the normed activations of these rows of the batch into logits, a few rows at a time.
  private func computeLogits(
    _ head: LogitsHead, of normed: Buffer, _ places: WantedRows.Places, _ batchRows: [Int], _ adapters: StepAdapters?,
    into logits: inout MutableSpan<Float>
  ) {
    let size = configuration.vocabularySize
    for group in ActivationArena.resultGroups(of: batchRows.count) {
      arena.logits.reshape(rows: group.count, columns: size)
      var input = normed
      if group.count < normed.rows {
        input = arena.logitInput
        input.reshape(rows: group.count, columns: configuration.hiddenSize)
        backend.gather(normed, rows: batchRows[group].map { places[$0] }, into: input)
      }
      adapters?.take(rows: batchRows[group])
      head.forward(input, into: arena.logits, backend, adapters)
      var part = logits._mutatingExtracting(group.lowerBound * size..<group.upperBound * size)
      backend.read(arena.logits, rows: 0..<group.count, into: &part)
    }
  }

  /// Makes a vector of each of these runs of rows of the normed activations, a few at a time.
  private func computeVectors(of normed: Buffer, rows: [Range<Int>], into vectors: inout MutableSpan<Float>) {
    let size = configuration.vectorSize
    for group in ActivationArena.resultGroups(of: rows.count) {
      var result = arena.logitInput
      result.reshape(rows: group.count, columns: configuration.hiddenSize)
      backend.average(normed, rows: Array(rows[group]), into: result)
      if case .pooled(let head) = network.head { result = head.forward(result, arena, backend) }
      var part = vectors._mutatingExtracting(group.lowerBound * size..<group.upperBound * size)
      backend.read(result, rows: 0..<group.count, into: &part)
    }
  }

  /// The rows of the batch whose results hold a NaN or infinity.
  private func nonFiniteRows(
    _ rows: [Int], of results: borrowing MutableSpan<Float>, _ name: String
  ) -> [RowFailure] {
    guard !rows.isEmpty else { return [] }
    let size = results.count / rows.count
    return rows.indices.compactMap { index in
      let row = results.span.extracting(index * size..<(index + 1) * size)
      return isFinite(row) ? nil : RowFailure(row: rows[index], error: .nonFiniteResult(what: name))
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
