package import ApusCore

/// What one step processes: rows of one or more sequences.
package struct ScheduledBatch: Sendable {
  /// The rows of one sequence.
  package struct Part: Sendable, Equatable {
    /// The request.
    package let id: Int
    /// How many rows, all following each other.
    package let count: Int
    /// Which logits of the step are its own; nil where none are wanted.
    package let logits: Int?
    /// Prompt tokens that came from the prefix cache.
    package let cached: Int
  }

  /// The tokens of all rows.
  package internal(set) var tokens: [Token] = []
  /// Their positions, sequences and KV blocks.
  package internal(set) var attention = AttentionBatch()
  /// The rows whose logits are wanted.
  package internal(set) var logitRows: [Int] = []
  /// Whose rows these are.
  package internal(set) var parts: [Part] = []

  /// The parts that have rows among those that failed, each with the failure of its first.
  func failures(_ rows: [RowFailure]) -> [(part: Part, error: BackendError)] {
    var start = 0
    return parts.compactMap { part in
      defer { start += part.count }
      let own = rows.filter { (start..<start + part.count).contains($0.row) }
      return own.min { $0.row < $1.row }.map { (part, $0.error) }
    }
  }

  /// Adds the next `count` tokens of a sequence.
  mutating func add(_ sequence: SequenceState, count: Int, wantsLogits: Bool) {
    let index = Int32(attention.blockTables.count)
    let range = sequence.processed..<sequence.processed + count
    tokens += sequence.tokens[range]
    attention.positions += range.lazy.map { Int32(truncatingIfNeeded: $0) }
    attention.sequences += repeatElement(index, count: count)
    attention.blockTables.append(sequence.blocks)
    parts.append(
      Part(id: sequence.id, count: count, logits: wantsLogits ? logitRows.count : nil, cached: sequence.cached))
    if wantsLogits { logitRows.append(tokens.count - 1) }
  }
}
