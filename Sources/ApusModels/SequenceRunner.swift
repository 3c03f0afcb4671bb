package import ApusCore

/// Feeds tokens to a model without an engine: each sequence has KV blocks of its own, for as many positions.
///
/// A step that fails leaves the runner as it was, but for the cache: what was to be stored must be fed again.
package struct SequenceRunner {
  /// One token of a step.
  package struct Row: Sendable {
    package var token: Token
    package var sequence: Int
    package var position: Int

    package init(_ token: Token, sequence: Int = 0, position: Int) {
      self.token = token
      self.sequence = sequence
      self.position = position
    }
  }

  package let model: LanguageModel
  package let cache: KVCache
  private let blockTables: [[Int32]]
  private var logits: [Float] = []

  /// Room for `sequences` sequences of `positions` positions each.
  ///
  /// `inReverse` gives out KV blocks from the last to the first, so that a model that does not follow block tables
  /// shows.
  package init(
    _ model: LanguageModel, format: KVFormat = .f16, positions: Int, sequences: Int = 1, inReverse: Bool = false
  ) throws(BackendError) {
    self.model = model
    cache = try model.makeKVCache(format: format, positions: positions, slots: sequences)
    let blocks = KVCacheLayout.blocks(forPositions: positions)
    let order = Array(0..<Int32(sequences * blocks))
    let given = inReverse ? order.reversed() : order
    blockTables = (0..<sequences).map { Array(given[$0 * blocks..<($0 + 1) * blocks]) }
  }

  /// One step; throws also where it failed for a single row.
  ///
  /// Afterwards `logits(_:)` has the logits of `wanted`, which are rows of the step in rising order.
  ///
  /// - Precondition: No more than `model.maxBatchRows` rows, at positions that the sequences have room for.
  package mutating func step(_ rows: [Row], logitRows wanted: [Int]) throws(BackendError) {
    let batch = AttentionBatch(
      positions: rows.map { Int32($0.position) }, sequences: rows.map { Int32($0.sequence) }, blockTables: blockTables)
    let model = model
    let count = wanted.count * model.configuration.vocabularySize
    if logits.count < count { logits = [Float](repeating: 0, count: count) }
    var all = logits.mutableSpan
    var room = all._mutatingExtracting(..<count)
    let failures = try model.forward(
      tokens: rows.map(\.token), batch: batch, cache: cache, logitRows: wanted, into: &room)
    if let failure = failures.first { throw failure.error }
  }

  /// One step of one sequence: `tokens` from `position` on.
  package mutating func step(
    _ tokens: some Collection<Token>, sequence: Int = 0, at position: Int, logitRows wanted: [Int]
  ) throws(BackendError) {
    let rows = tokens.enumerated().map { Row($1, sequence: sequence, position: position + $0) }
    try step(rows, logitRows: wanted)
  }

  /// The logits of the row that the last step wanted at `index`, `[vocabularySize]`.
  package func logits(_ index: Int) -> ArraySlice<Float> {
    let size = model.configuration.vocabularySize
    return logits[index * size..<(index + 1) * size]
  }
}
