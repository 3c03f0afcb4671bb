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

    package init() {}
  }

  package let configuration: ModelConfiguration
  package let backend: any Backend
  package let maxBatchRows: Int
  private let architecture: any Architecture
  private let weights: [Weight]
  private let activations: ActivationArena
  /// The projection to logits, as the array that `matmul` takes.
  private let output: [Weight]
  /// One row of logits.
  private var row: [Float]

  /// Takes all weights of `file` into use and makes the buffers of a step.
  ///
  /// - Precondition: `options.maxBatchRows` is at least 1.
  package init(
    _ file: GGUFFile, backend: any Backend, options: Options = Options(), progress: LoadProgress? = nil
  ) throws(ModelError) {
    precondition(options.maxBatchRows > 0, "a batch has at least one row")
    let entry: Architectures.Entry
    do throws(GGUFError) {
      entry = try Architectures.entry(for: file)
    } catch {
      throw .file(error)
    }
    configuration = try ModelConfiguration(file)
    self.backend = backend
    maxBatchRows = options.maxBatchRows
    let weights = try WeightMap(file, backend, verifiesValues: options.verifiesWeights, progress: progress)
    architecture = try entry.type.init(configuration, weights)
    try weights.finish()
    self.weights = weights.weights
    do throws(BackendError) {
      activations = try ActivationArena(configuration, rows: maxBatchRows, backend)
    } catch {
      throw .backend(error)
    }
    output = [architecture.output]
    row = [Float](repeating: 0, count: configuration.vocabularySize)
  }

  /// Room for `slots` sequences of `positions` positions each.
  package func makeKVCache(format: KVFormat, positions: Int, slots: Int = 1) throws(BackendError) -> KVCache {
    guard let layout = configuration.kvCacheLayout(format: format, positions: positions, slots: slots) else {
      throw .unsupported("a KV cache of \(slots) times \(positions) positions is too large: use a smaller --context")
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

  /// Processes `tokens`, one for each row of `batch`: keys and values go into `cache`, and the logits that follow
  /// the tokens of `logitRows` into `logits`, `[logitRows, vocabularySize]`.
  ///
  /// - Precondition: There are at most `maxBatchRows` tokens, all of the vocabulary; `logitRows` are rows of `batch`.
  package func forward(
    tokens: [Token], batch: AttentionBatch, cache: KVCache, logitRows: [Int], into logits: inout [Float]
  ) throws(BackendError) {
    precondition(tokens.count == batch.rows && tokens.count <= maxBatchRows, "a batch larger than its buffers")
    precondition(tokens.allSatisfy { $0 >= 0 && $0 < configuration.vocabularySize }, "a token of no vocabulary")
    precondition(logitRows.allSatisfy { $0 >= 0 && $0 < tokens.count }, "logits of a row that is not in the batch")
    let count = logitRows.count * configuration.vocabularySize
    if logits.count != count { logits = [Float](repeating: 0, count: count) }
    guard !tokens.isEmpty else { return }
    activations.use(rows: tokens.count)
    architecture.forward(
      ForwardStep(
        backend: backend, activations: activations, tokens: tokens, batch: batch, cache: cache, keptRows: logitRows))
    try computeLogits(count: logitRows.count, into: &logits)
  }

  /// Turns the first `count` rows of the normed activations into logits, a few rows at a time.
  private func computeLogits(count: Int, into logits: inout [Float]) throws(BackendError) {
    let results = activations.logits[0]
    for start in stride(from: 0, to: count, by: results.capacity) {
      results.rows = min(results.capacity, count - start)
      var input = activations.normed
      if results.rows < count {
        input = activations.logitInput
        input.rows = results.rows
        backend.gather(activations.normed, rows: Array(start..<start + results.rows), into: input)
      }
      backend.matmul(input, output, into: activations.logits)
      for index in 0..<results.rows { try readLogits(index, into: &logits, row: start + index) }
    }
  }

  private func readLogits(_ index: Int, into logits: inout [Float], row target: Int) throws(BackendError) {
    let size = configuration.vocabularySize
    if logits.count == size {
      try backend.read(activations.logits[0], row: index, into: &logits)
    } else {
      try backend.read(activations.logits[0], row: index, into: &row)
      logits.replaceSubrange(target * size..<(target + 1) * size, with: row)
    }
  }
}

/// Called while a model loads, with the bytes of weights taken so far and of all weights.
package typealias LoadProgress = (_ loadedBytes: Int, _ totalBytes: Int) -> Void
