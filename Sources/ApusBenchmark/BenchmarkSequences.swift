internal import ApusCore
internal import ApusModels

/// Sequences of arbitrary tokens, each with KV blocks of its own.
///
/// A position of a sequence has always the same token, so what one test left in the cache serves the next.
struct BenchmarkSequences {
  private let work: ModelWork
  private var runner: SequenceRunner
  /// Positions of each sequence that are in the cache.
  private var filled: [Int]

  init(
    _ model: LanguageModel, _ work: ModelWork, format: KVFormat, positions: Int, sequences: Int
  ) throws(BackendError) {
    self.work = work
    runner = try SequenceRunner(model, format: format, positions: positions, sequences: sequences)
    filled = Array(repeating: 0, count: sequences)
  }

  /// Positions of `sequence` that still have to be computed before `depth` of them are there.
  func missing(_ sequence: Int, depth: Int) -> Int { max(0, depth - filled[sequence]) }

  /// Computes the next positions of `sequence`, as many as one step takes, up to `depth`.
  mutating func fill(_ sequence: Int, depth: Int, batchRows: Int) throws(BackendError) {
    let start = filled[sequence]
    _ = try step(rows: rows(sequence, start..<min(depth, start + batchRows)), logits: [])
  }

  /// One step of a prompt: `positions` of the first sequence, and the first of these of `count` other ones in decode.
  mutating func prefill(
    _ positions: Range<Int>, endsPrompt: Bool, beside count: Int
  ) throws(BackendError) -> ModelWork.Step {
    let others = (0..<count).map { (sequence: 1 + $0, position: positions.lowerBound) }
    return try step(
      rows: others + rows(0, positions), logits: Array(0..<count) + (endsPrompt ? [count + positions.count - 1] : []))
  }

  /// One step of decode: `position` of the first `count` sequences.
  mutating func decode(_ position: Int, sequences count: Int) throws(BackendError) -> ModelWork.Step {
    let rows = (0..<count).map { (sequence: $0, position: position) }
    return try step(rows: rows, logits: Array(0..<count))
  }

  private typealias Row = (sequence: Int, position: Int)

  private func rows(_ sequence: Int, _ positions: Range<Int>) -> [Row] { positions.map { (sequence, $0) } }

  private mutating func step(rows: [Row], logits wanted: [Int]) throws(BackendError) -> ModelWork.Step {
    let vocabulary = runner.model.configuration.vocabularySize
    let tokens = rows.map { Token(($0.position * 7919 + $0.sequence * 104_729) % vocabulary) }
    try runner.step(
      zip(tokens, rows).map { .init($0, sequence: $1.sequence, position: $1.position) }, logitRows: wanted)
    var contexts: [Int: Int] = [:]
    for row in rows {
      if row.position == filled[row.sequence] { filled[row.sequence] += 1 }
      contexts[row.sequence] = row.position + 1
    }
    return work.step(
      rows: rows.count, logitRows: wanted.count, contexts: Array(contexts.values), format: runner.cache.layout.format)
  }
}
