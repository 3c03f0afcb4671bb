package import ApusCore

/// Feeds tokens to a model without an engine: each sequence has KV blocks of its own, for as many positions, and a state
/// slot where the model has recurrent layers.
///
/// A sequence goes on behind its last step, or starts again from position 0. A step that fails leaves the runner as it
/// was, but for the cache: what was to be stored must be fed again, with recurrent layers from position 0 or a snapshot
/// on.
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
  private var blockTables: [[Int32]]
  private let ownSlots: [Int32]
  /// The state slot that each sequence goes on from; its own but for one that was resumed.
  private var starts: [Int32]
  /// The adapters of each sequence; empty where none has any.
  package var adapters: [[AdapterUse]] = []
  private var logits: [Float] = []
  private var vectors: [Float] = []

  /// Room for `sequences` sequences of `positions` positions each.
  ///
  /// `snapshots` are state slots beside those of the sequences: slots `0..<snapshots`. `inReverse` gives out KV blocks
  /// from the last to the first, so that a model that does not follow block tables shows.
  package init(
    _ model: LanguageModel, format: KVFormat = .f16, positions: Int, sequences: Int = 1, snapshots: Int = 0,
    inReverse: Bool = false
  ) throws(BackendError) {
    self.model = model
    cache = try model.makeKVCache(
      format: format, positions: positions, slots: sequences, stateSlots: snapshots + sequences)
    ownSlots = (0..<sequences).map { Int32(snapshots + $0) }
    starts = ownSlots
    let blocks = KVCacheLayout.blocks(forPositions: positions)
    let order = Array(0..<Int32(sequences * blocks))
    let given = inReverse ? order.reversed() : order
    blockTables = (0..<sequences).map { Array(given[$0 * blocks..<($0 + 1) * blocks]) }
  }

  /// One step; throws also where it failed for a single row.
  ///
  /// Afterwards `logits(_:)` and `vector(_:)` have what was wanted.
  ///
  /// - Precondition: No more than `model.maxBatchRows` rows, at positions that the sequences have room for; with
  ///   recurrent layers those of a sequence follow each other.
  package mutating func step(
    _ rows: [Row], wanted: WantedRows, snapshots: [SequenceStates.Snapshot] = []
  ) throws(BackendError) {
    let batch = AttentionBatch(
      positions: rows.map { Int32($0.position) }, sequences: rows.map { Int32($0.sequence) }, blockTables: blockTables,
      states: states(rows, snapshots)
    ).keepingAll(in: cache.layout)
    let (model, cache, adapters) = (model, cache, adapters)
    let count = wanted.logits.count * model.configuration.vocabularySize
    if logits.count < count { logits = [Float](repeating: 0, count: count) }
    var vectors = [Float](repeating: 0, count: wanted.vectors.count * model.configuration.vectorSize)
    var all = logits.mutableSpan
    var room = all._mutatingExtracting(..<count)
    var vectorRoom = vectors.mutableSpan
    let failures = try model.forward(
      tokens: rows.map(\.token), batch: batch, adapters: adapters, cache: cache, wanted: wanted, into: &room,
      &vectorRoom)
    if let failure = failures.first { throw failure.error }
    self.vectors = vectors
    for row in rows { starts[row.sequence] = ownSlots[row.sequence] }
  }

  /// One step of which only logits are wanted, those of `wanted`.
  package mutating func step(
    _ rows: [Row], logitRows wanted: [Int], snapshots: [SequenceStates.Snapshot] = []
  ) throws(BackendError) {
    try step(rows, wanted: WantedRows(logits: wanted), snapshots: snapshots)
  }

  /// Where the states of each sequence come from and go to; nothing without recurrent layers.
  private func states(_ rows: [Row], _ snapshots: [SequenceStates.Snapshot]) -> [SequenceStates] {
    if model.configuration.states.isEmpty || model.configuration.needsWholeSequences { return [] }
    var states = ownSlots.indices.map { SequenceStates(start: starts[$0], end: ownSlots[$0]) }
    for row in rows where row.position == 0 { states[row.sequence].start = nil }
    for snapshot in snapshots { states[rows[snapshot.row].sequence].snapshots.append(snapshot) }
    return states
  }

  /// Lets a sequence go on at `position` as another one did, whose states behind the position before are in `slot`.
  ///
  /// They share the KV blocks before `position`; the other may be the sequence itself.
  ///
  /// - Precondition: The position is a multiple of `KVCacheLayout.blockPositions`.
  package mutating func resume(_ sequence: Int, as other: Int, at position: Int, states slot: Int32) {
    precondition(position.isMultiple(of: KVCacheLayout.blockPositions), "a KV block that is shared in part")
    let shared = position / KVCacheLayout.blockPositions
    blockTables[sequence].replaceSubrange(..<shared, with: blockTables[other][..<shared])
    starts[sequence] = position == 0 ? ownSlots[sequence] : slot
  }

  /// One step of one sequence: `tokens` from `position` on.
  package mutating func step(
    _ tokens: some Collection<Token>, sequence: Int = 0, at position: Int, logitRows wanted: [Int],
    snapshots: [SequenceStates.Snapshot] = []
  ) throws(BackendError) {
    let rows = tokens.enumerated().map { Row($1, sequence: sequence, position: position + $0) }
    try step(rows, logitRows: wanted, snapshots: snapshots)
  }

  /// The logits of the row that the last step wanted at `index`, `[vocabularySize]`.
  package func logits(_ index: Int) -> ArraySlice<Float> {
    let size = model.configuration.vocabularySize
    return logits[index * size..<(index + 1) * size]
  }
  /// The vector that the last step wanted at `index`.
  package func vector(_ index: Int) -> [Float] {
    let size = model.configuration.vectorSize
    return Array(vectors[index * size..<(index + 1) * size])
  }
}
