package import ApusCore

/// Why sequences could not become vectors or scores.
package enum EmbeddingError: Error, Sendable, Equatable {
  /// Neither the model nor the caller says how to pool.
  case noPooling
  /// A sequence has no token.
  case empty(sequence: Int)
  /// A sequence has more tokens than the model, or one step of it, can take.
  case tooLong(sequence: Int, tokens: Int, limit: Int)
  /// Computing failed as a whole.
  case backend(BackendError)
}

extension LanguageModel {
  /// Tokens that a sequence may have in `embed` with this cache.
  package func embeddingLimit(_ cache: KVCache) -> Int {
    let limit = min(configuration.contextLength, cache.layout.blocks * KVCacheLayout.blockPositions)
    return configuration.needsWholeSequences ? min(limit, maxBatchRows) : limit
  }

  /// A vector for each sequence, as pooled and not normalized; or its scores, one for each label, as the classifier has
  /// them.
  ///
  /// Several sequences share a step, and a long one may take several; a result depends on its sequence alone, bit for
  /// bit. The cache's contents are overwritten. A failure that concerns one sequence is its own result.
  ///
  /// - Parameters:
  ///   - sequences: Tokens of the vocabulary, special ones included.
  ///   - pooling: How to pool instead of the model's own way; a classifier keeps its own.
  ///   - cache: Of this model.
  /// - Returns: For each sequence its vector or scores, or what failed for it alone.
  /// - Throws: `EmbeddingError` for a sequence that cannot be taken, and where a step failed as a whole.
  package func embed(
    _ sequences: [[Token]], pooling: PoolingPlan.Kind? = nil, cache: KVCache
  ) throws(EmbeddingError) -> [Result<[Float], BackendError>] {
    let own = configuration.pooling
    guard let kind = own?.ranking == nil ? pooling ?? own?.kind : own?.kind else { throw .noPooling }
    let limit = embeddingLimit(cache)
    for (index, tokens) in sequences.enumerated() {
      if tokens.isEmpty { throw .empty(sequence: index) }
      if tokens.count > limit { throw .tooLong(sequence: index, tokens: tokens.count, limit: limit) }
    }
    var results: [Result<[Float], BackendError>] = []
    do throws(BackendError) {
      for group in EmbeddingGroup.groups(
        of: sequences.map(\.count), maxRows: maxBatchRows, maxSequences: min(maxBatchRows, ActivationArena.logitRows),
        blocks: cache.layout.blocks)
      {
        let part = Array(sequences[group.sequences])
        results +=
          group.isCut ? [try embed(inChunks: part[0], kind, cache)] : try embed(together: part, kind, cache)
      }
    } catch {
      throw .backend(error)
    }
    return results
  }
}

/// Sequences that share a step, or one that takes several.
private struct EmbeddingGroup {
  let sequences: Range<Int>
  let isCut: Bool

  /// Groups of neighbours that fit into a step of so many rows and sequences, and into so many KV blocks.
  static func groups(of counts: [Int], maxRows: Int, maxSequences: Int, blocks: Int) -> [EmbeddingGroup] {
    var groups: [EmbeddingGroup] = []
    var start = 0
    while start < counts.count {
      var (end, rows, used) = (start, 0, 0)
      while end < counts.count, end - start < maxSequences {
        rows += counts[end]
        used += KVCacheLayout.blocks(forPositions: counts[end])
        guard rows <= maxRows, used <= blocks else { break }
        end += 1
      }
      groups.append(EmbeddingGroup(sequences: start..<max(end, start + 1), isCut: end == start))
      start = max(end, start + 1)
    }
    return groups
  }
}

extension LanguageModel {
  /// One step for several sequences.
  private func embed(
    together sequences: [[Token]], _ kind: PoolingPlan.Kind, _ cache: KVCache
  ) throws(BackendError) -> [Result<[Float], BackendError>] {
    var batch = AttentionBatch()
    var rows: [Range<Int>] = []
    var block: Int32 = 0
    for (index, tokens) in sequences.enumerated() {
      rows.append(batch.rows..<batch.rows + tokens.count)
      batch.positions += tokens.indices.map { Int32($0) }
      batch.sequences += tokens.map { _ in Int32(index) }
      let end = block + Int32(KVCacheLayout.blocks(forPositions: tokens.count))
      batch.blockTables.append(Array(block..<end))
      block = end
    }
    // Whole sequences start from zeros and leave nothing.
    if !configuration.states.isEmpty { batch.states = sequences.map { _ in SequenceStates(end: nil) } }
    let normed = run(sequences.flatMap(\.self), batch, cache, keptRows: kept(of: rows, kind))
    let values = read(head(of: pooled(normed, rows, kind)))
    let failures = try backend.finish()
    return rows.indices.map { index in
      if let failure = failures.first(where: { rows[index].contains($0.row) }) { return .failure(failure.error) }
      return finite(values[index])
    }
  }

  /// Several steps for one sequence, cut at multiples of a step's rows; the model is none that pools by itself.
  private func embed(
    inChunks tokens: [Token], _ kind: PoolingPlan.Kind, _ cache: KVCache
  ) throws(BackendError) -> Result<[Float], BackendError> {
    let table = Array(0..<Int32(KVCacheLayout.blocks(forPositions: tokens.count)))
    var result: [Float] = []
    var sums: [Double] = []
    for start in stride(from: 0, to: tokens.count, by: maxBatchRows) {
      let part = start..<min(tokens.count, start + maxBatchRows)
      let isLast = part.upperBound == tokens.count
      let isPooled = kind == .mean || (kind == .first ? start == 0 : isLast)
      var batch = AttentionBatch(
        positions: part.map { Int32($0) }, sequences: part.map { _ in 0 }, blockTables: [table])
      if !configuration.states.isEmpty { batch.states = [SequenceStates(start: start == 0 ? nil : 0, end: 0)] }
      let normed = run(
        Array(tokens[part]), batch, cache, keptRows: isPooled ? kept(of: [0..<part.count], kind) : [])
      if let normed, kind == .mean {
        add(normed, to: &sums)
      } else if let normed {
        result = read(normed)[0]
      }
      if let failure = try backend.finish().first { return .failure(failure.error) }
    }
    return finite(kind == .mean ? sums.map { Float($0 / Double(tokens.count)) } : result)
  }

  /// The rows that pooling needs.
  private func kept(of sequences: [Range<Int>], _ kind: PoolingPlan.Kind) -> [Int] {
    switch kind {
    case .mean: Array(0..<(sequences.last?.upperBound ?? 0))
    case .first: sequences.map(\.lowerBound)
    case .last: sequences.map { $0.upperBound - 1 }
    }
  }

  /// One row for each sequence.
  private func pooled(_ normed: Buffer?, _ sequences: [Range<Int>], _ kind: PoolingPlan.Kind) -> Buffer {
    guard let normed else { preconditionFailure("a step of which rows are kept has results") }
    guard kind == .mean else { return normed }
    arena.logitInput.reshape(rows: sequences.count, columns: configuration.hiddenSize)
    backend.average(normed, rows: sequences, into: arena.logitInput)
    return arena.logitInput
  }

  /// Adds a chunk's rows, one after the other, as `Backend.average` does: so that no cut changes a bit of their mean.
  private func add(_ normed: Buffer, to sums: inout [Double]) {
    if sums.isEmpty { sums = [Double](repeating: 0, count: normed.columns) }
    for row in read(normed) {
      for column in row.indices { sums[column] += Double(row[column]) }
    }
  }

  /// What the pooled rows become.
  private func head(of pooled: Buffer) -> Buffer {
    guard case .pooled(let head) = network.head else { return pooled }
    return head.forward(pooled, arena, backend)
  }

  private func read(_ x: Buffer) -> [[Float]] {
    (0..<x.rows).map { row in
      var values = [Float](repeating: 0, count: x.columns)
      var span = values.mutableSpan
      backend.read(x, rows: row..<row + 1, into: &span)
      return values
    }
  }

  /// The result of a sequence, if all of it is finite.
  private func finite(_ values: [Float]) -> Result<[Float], BackendError> {
    isFinite(values.span) ? .success(values) : .failure(.nonFiniteResult(what: "embeddings"))
  }
}

/// The vector of length 1 in the same direction; one of zeros stays.
package func normalized(_ vector: [Float]) -> [Float] {
  let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  return length > 0 ? vector.map { Float(Double($0) / length) } : vector
}
