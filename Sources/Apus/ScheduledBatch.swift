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

  /// Positions of a KV block that a sequence begins with and then writes behind.
  package struct Copy: Sendable, Equatable {
    package let from: Int32
    package let to: Int32
    package let positions: Int
  }

  /// What is copied before anything is computed, in this order.
  package internal(set) var copies: [Copy] = []
  /// The tokens of all rows.
  package internal(set) var tokens: [Token] = []
  /// Their positions, sequences, KV blocks and states.
  package internal(set) var attention = AttentionBatch()
  /// The rows whose logits are wanted.
  package internal(set) var logitRows: [Int] = []
  /// Whose rows these are.
  package internal(set) var parts: [Part] = []

  /// Rows of sequences that have but one.
  package var decodeRows: Int { parts.count { $0.rows.count == 1 } }

  /// For each part the failure of the first of its rows that failed.
  func failures(_ rows: [RowFailure]) -> [BackendError?] {
    parts.map { part in
      rows.filter { part.rows.contains($0.row) }.min { $0.row < $1.row }?.error
    }
  }

  /// Adds the next `count` tokens of a sequence; `slots` are for the states behind each block that they fill.
  mutating func add(_ sequence: SequenceState, count: Int, snapshots slots: [Int32]) {
    let index = Int32(attention.blockTables.count)
    let range = sequence.processed..<sequence.processed + count
    let rows = tokens.count..<tokens.count + count
    let wanted = sequence.logits(in: range)
    let logits = logitRows.count..<logitRows.count + wanted.count
    tokens += sequence.tokens[range]
    attention.positions += range.lazy.map { Int32(truncatingIfNeeded: $0) }
    attention.sequences += repeatElement(index, count: count)
    attention.blockTables.append(sequence.blocks)
    if var states = sequence.states {
      let size = KVCacheLayout.blockPositions
      for (number, slot) in slots.enumerated() {
        let end = (range.lowerBound / size + number + 1) * size
        states.snapshots.append(.init(row: rows.lowerBound + end - 1 - range.lowerBound, slot: slot))
      }
      attention.states.append(states)
    }
    logitRows += wanted.lazy.map { $0 - range.lowerBound + rows.lowerBound }
    parts.append(Part(id: sequence.id, rows: rows, logits: logits, progress: sequence.progress(with: count)))
  }

  /// The snapshots of a part.
  func snapshots(of index: Int) -> [SequenceStates.Snapshot] {
    attention.states.isEmpty ? [] : attention.states[index].snapshots
  }
}
