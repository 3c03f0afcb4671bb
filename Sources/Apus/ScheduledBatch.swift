package import ApusCore

/// What one step processes: rows of one or more sequences.
package struct ScheduledBatch: Sendable {
  /// The rows of one sequence, all following each other.
  package struct Part: Sendable, Equatable {
    /// The request.
    package let id: Int
    /// Its rows of the batch.
    package let rows: Range<Int>
    /// Which logits of the step are its own; may be empty.
    package let logits: Range<Int>
    /// How far its prompt is processed with this step.
    package let progress: PromptProgress
  }

  /// The tokens of all rows.
  package internal(set) var tokens: [Token] = []
  /// Their positions, sequences and KV blocks.
  package internal(set) var attention = AttentionBatch()
  /// The rows whose logits are wanted.
  package internal(set) var logitRows: [Int] = []
  /// Whose rows these are.
  package internal(set) var parts: [Part] = []

  /// For each part the failure of the first of its rows that failed.
  func failures(_ rows: [RowFailure]) -> [BackendError?] {
    parts.map { part in
      rows.filter { part.rows.contains($0.row) }.min { $0.row < $1.row }?.error
    }
  }

  /// Adds the next `count` tokens of a sequence.
  mutating func add(_ sequence: SequenceState, count: Int) {
    let index = Int32(attention.blockTables.count)
    let range = sequence.processed..<sequence.processed + count
    let rows = tokens.count..<tokens.count + count
    let wanted = sequence.logits(in: range)
    let logits = logitRows.count..<logitRows.count + wanted.count
    tokens += sequence.tokens[range]
    attention.positions += range.lazy.map { Int32(truncatingIfNeeded: $0) }
    attention.sequences += repeatElement(index, count: count)
    attention.blockTables.append(sequence.blocks)
    if let slot = sequence.stateSlot {
      attention.states.append(SequenceStates(start: sequence.processed == 0 ? nil : slot, end: slot))
    }
    logitRows += wanted.lazy.map { $0 - range.lowerBound + rows.lowerBound }
    parts.append(Part(id: sequence.id, rows: rows, logits: logits, progress: sequence.progress(with: count)))
  }
}
