package import ApusCore
package import ApusModels

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
    /// Which vectors of the step are its own; may be empty.
    package let vectors: Range<Int>
    /// How far its prompt is processed with this step.
    package let progress: PromptProgress
    /// The tokens of its last rows, which may not be those that come: each is checked by the logits of the row before.
    package let proposed: [Token]
    /// State slots that get the states behind its last certain row and behind each proposed one but the last; empty
    /// without recurrent layers.
    let restarts: [Int32]

    /// Its rows but those of proposed tokens.
    var certainRows: Range<Int> { rows.dropLast(proposed.count) }

    /// How many of its rows have become the sequence's, where the step brought this: those of proposed tokens that came
    /// true, but for the last token of all, with which the next step begins.
    func keptRows(_ tokens: [Token], _ ending: Ending?) -> Int {
      let count = tokens.count + (ending?.isByToken == true ? 1 : 0)
      let same = zip(tokens, proposed).prefix { $0 == $1 }.count
      return certainRows.count + min(same, max(0, count - 1))
    }

    /// This part without its last rows, which are of proposed tokens.
    func droppingProposed(_ count: Int) -> Part {
      Part(
        id: id, rows: rows.dropLast(count), logits: logits.dropLast(count), vectors: vectors,
        progress: progress, proposed: proposed.dropLast(count), restarts: restarts)
    }
  }

  /// Positions of a KV block that a sequence begins with and then writes behind.
  package struct Copy: Sendable, Equatable {
    package let kind: KVBlockKind
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
  /// The adapters of each sequence.
  package internal(set) var adapters: [[AdapterUse]] = []
  /// The rows whose logits are wanted.
  package internal(set) var logitRows: [Int] = []
  /// The runs of rows that become vectors, each one its mean.
  package internal(set) var vectorRows: [Range<Int>] = []
  /// Whose rows these are.
  package internal(set) var parts: [Part] = []

  /// Rows of sequences that have but one, beside proposed ones.
  package var decodeRows: Int {
    parts.count { $0.certainRows.count == 1 && $0.progress.processed == $0.progress.total }
  }
  /// Rows of proposed tokens.
  package var proposedRows: Int { parts.reduce(0) { $0 + $1.proposed.count } }

  /// For each part the failure of the first of its rows that failed.
  ///
  /// Proposed rows do not count: that token may never come, and is computed again if it does.
  func failures(_ rows: [RowFailure]) -> [BackendError?] {
    parts.map { part in
      rows.filter { part.certainRows.contains($0.row) }.min { $0.row < $1.row }?.error
    }
  }

  /// Forgets proposed rows that failed, and those behind them.
  mutating func dropProposed(_ failed: [RowFailure]) {
    for (index, part) in parts.enumerated() where !part.proposed.isEmpty {
      let proposedRows = part.certainRows.upperBound..<part.rows.upperBound
      guard let first = failed.lazy.map(\.row).filter(proposedRows.contains).min() else { continue }
      parts[index] = part.droppingProposed(part.rows.upperBound - first)
    }
  }

  /// Adds the next `count` tokens of a sequence, and behind its last one `proposed` ones; `slots` are for the states
  /// behind each block that they fill, `restarts` for those that it may have to go on from.
  mutating func add(
    _ sequence: SequenceState, count: Int, proposed: [Token], restarts: [Int32], snapshots slots: [Int32]
  ) {
    let index = Int32(attention.blockTables.count)
    let range = sequence.processed..<sequence.processed + count
    let rows = tokens.count..<tokens.count + count + proposed.count
    tokens += sequence.tokens[range] + proposed
    attention.positions += (range.lowerBound..<range.upperBound + proposed.count).lazy.map {
      Int32(truncatingIfNeeded: $0)
    }
    attention.sequences += repeatElement(index, count: rows.count)
    attention.blockTables.append(sequence.table.full)
    if !sequence.table.windowed.isEmpty { attention.windowTables.append(sequence.table.windowed) }
    adapters.append(sequence.root.adapters)
    if var states = sequence.states {
      let size = KVCacheLayout.blockPositions
      for (number, slot) in slots.enumerated() {
        let end = (range.lowerBound / size + number + 1) * size
        states.snapshots.append(.init(row: rows.lowerBound + end - 1 - range.lowerBound, slot: slot))
      }
      let last = rows.upperBound - 1 - proposed.count
      states.snapshots += restarts.enumerated().map { .init(row: last + $0, slot: $1) }
      attention.states.append(states)
    }
    let results = (logits: logitRows.count, vectors: vectorRows.count)
    let known = sequence.wanted(in: range)
    if let pooled = sequence.pooled {
      addVectors(of: pooled, at: known, behind: rows.lowerBound - range.lowerBound)
    } else {
      // Beside what is wanted anyway, the logits behind each proposed token.
      let wanted = known.lowerBound..<known.upperBound + proposed.count
      logitRows += wanted.lazy.map { $0 - range.lowerBound + rows.lowerBound }
    }
    parts.append(
      Part(
        id: sequence.id, rows: rows, logits: results.logits..<logitRows.count,
        vectors: results.vectors..<vectorRows.count, progress: sequence.progress(with: count), proposed: proposed,
        restarts: restarts))
  }

  /// Wants the rows of these positions, `offset` rows behind: pooled to one vector where the sequence is whole.
  private mutating func addVectors(of pooled: PooledPositions, at positions: Range<Int>, behind offset: Int) {
    if pooled.isWhole {
      precondition(positions == pooled.positions, "a part of a sequence that must be whole")
      vectorRows.append(positions.lowerBound + offset..<positions.upperBound + offset)
    } else {
      vectorRows += positions.lazy.map { $0 + offset..<$0 + offset + 1 }
    }
  }

  /// The snapshots of a part that are behind KV blocks.
  func snapshots(of index: Int) -> ArraySlice<SequenceStates.Snapshot> {
    attention.states.isEmpty ? [] : attention.states[index].snapshots.dropLast(parts[index].restarts.count)
  }
}
