internal import ApusCore
internal import ApusModels

/// A draft model at work: what it has stored of which sequences, in KV blocks of its own.
///
/// Belongs to the thread that computes.
struct Draft {
  /// A sequence as the draft model has it.
  private struct Stored {
    var blocks: [Int32] = []
    /// Tokens of the sequence whose keys and values are stored.
    var count = 0
    /// Tokens that were drafted, and are stored behind those.
    var drafted: [Token] = []
  }

  /// Tokens of a sequence that are processed in one pass.
  private struct Piece {
    let id: Int
    let tokens: [Token]
    let position: Int
  }

  private let model: LanguageModel
  private let cache: KVCache
  private let watch: FileWatch?
  private let contextLength: Int
  /// Tokens that both vocabularies have.
  private let vocabularySize: Int
  private var allocator: KVBlockAllocator
  private var sequences: [Int: Stored] = [:]
  /// Sequences that it failed for, which have no draft any more.
  private var failed: Set<Int> = []
  private var logits: [Float] = []

  /// The draft of a model, which gets no token that is not of its vocabulary.
  init(_ draft: DraftModel, for model: LanguageModel) throws(ApusError) {
    do throws(BackendError) {
      cache = try draft.model.makeKVCache(format: .f16, positions: draft.blocks * KVCacheLayout.blockPositions)
    } catch {
      throw .engineFailed(reason: error.description)
    }
    (self.model, watch, contextLength) = (draft.model, draft.watch, draft.contextLength)
    vocabularySize = min(draft.vocabularySize, model.configuration.vocabularySize)
    allocator = KVBlockAllocator(count: draft.blocks)
  }

  /// KV blocks in use.
  var usedBlocks: Int { allocator.count - allocator.freeCount }

  /// How many tokens of a sequence are to be processed before `count` more can be drafted; nil where they cannot: there
  /// is no room, or the draft model does not know a token.
  mutating func behind(_ id: Int, _ tokens: [Token], drafting count: Int) -> Int? {
    guard !failed.contains(id) else { return nil }
    var it = sequences[id] ?? Stored()
    it.count += zip(tokens[it.count...], it.drafted).prefix { $0 == $1 }.count
    // Its last token may have been processed before a step in which the sequence got no rows; what follows it is asked for.
    it.count = min(it.count, tokens.count - 1)
    it.drafted = []
    let end = tokens.count + count
    let isPossible = end <= contextLength && tokens[it.count...].allSatisfy { $0 < vocabularySize }
    let needed = KVCacheLayout.blocks(forPositions: end)
    while isPossible, it.blocks.count < needed, let block = allocator.take() { it.blocks.append(block) }
    sequences[id] = it
    guard isPossible, it.blocks.count >= needed else {
      drop(id)
      return nil
    }
    return tokens.count - it.count
  }

  /// Forgets a sequence; its KV blocks are free.
  private mutating func drop(_ id: Int) {
    if let it = sequences.removeValue(forKey: id) { allocator.release(it.blocks) }
  }

  /// Forgets all sequences but these.
  mutating func keepOnly(_ ids: Set<Int>) {
    for id in sequences.keys.filter({ !ids.contains($0) }) { drop(id) }
    failed.formIntersection(ids)
  }

  /// Processes the next `count` tokens of a sequence; throws where the draft model is of no more use.
  mutating func process(_ count: Int, of id: Int, _ tokens: [Token]) throws(BackendError) {
    guard let first = sequences[id]?.count else { return }
    let piece = Piece(id: id, tokens: Array(tokens[first..<min(first + count, tokens.count)]), position: first)
    _ = try next(behind: [piece])
    sequences[id]?.count += piece.tokens.count
  }

  /// Drafts `counts` tokens behind these texts, for all of them a token in each pass; throws as `process` does.
  ///
  /// `onPass` is called behind each pass.
  ///
  /// - Precondition: `behind` has found room for each, and together they are no more than a pass takes.
  mutating func draft(
    _ texts: [(id: Int, tokens: [Token], count: Int)], onPass: () -> Void
  ) throws(BackendError) -> [Int: [Token]] {
    var proposals: [Int: [Token]] = [:]
    var pieces = texts.compactMap { text in
      sequences[text.id].map {
        Piece(id: text.id, tokens: Array(text.tokens[$0.count...]), position: $0.count)
      }
    }
    let counts = Dictionary(uniqueKeysWithValues: texts.map { ($0.id, $0.count) })
    var isFirst = true
    while !pieces.isEmpty {
      let found = try next(behind: pieces)
      onPass()
      for piece in pieces {
        if isFirst {
          sequences[piece.id]?.count += piece.tokens.count
        } else {
          sequences[piece.id]?.drafted += piece.tokens
        }
      }
      isFirst = false
      pieces = pieces.compactMap { piece in
        guard let token = found[piece.id] else { return nil }
        proposals[piece.id, default: []].append(token)
        guard proposals[piece.id]?.count ?? 0 < counts[piece.id] ?? 0 else { return nil }
        return Piece(id: piece.id, tokens: [token], position: piece.position + piece.tokens.count)
      }
    }
    return proposals
  }

  /// Computes one pass; the most likely token behind each piece, but for those that failed, which are forgotten.
  private mutating func next(behind pieces: [Piece]) throws(BackendError) -> [Int: Token] {
    if let watch, watch.look() != .unchanged { throw .unsupported("\(watch.path) was changed since it was loaded") }
    var (batch, tokens, last) = (AttentionBatch(), [Token](), [Int]())
    for (index, piece) in pieces.enumerated() {
      tokens += piece.tokens
      batch.positions += piece.tokens.indices.map { Int32(piece.position + $0) }
      batch.sequences += repeatElement(Int32(index), count: piece.tokens.count)
      batch.blockTables.append(sequences[piece.id]?.blocks ?? [])
      last.append(tokens.count - 1)
    }
    let (model, cache, size) = (model, cache, model.configuration.vocabularySize)
    if logits.count < last.count * size { logits = [Float](repeating: 0, count: last.count * size) }
    var all = logits.mutableSpan
    var wanted = all._mutatingExtracting(..<(last.count * size))
    var noVectors: [Float] = []
    var none = noVectors.mutableSpan
    let failures = try model.forward(
      tokens: tokens, batch: batch.keepingAll(in: cache.layout), cache: cache, wanted: WantedRows(logits: last),
      into: &wanted, &none)
    for failure in failures {
      let id = pieces[Int(batch.sequences[failure.row])].id
      failed.insert(id)
      drop(id)
    }
    var found: [Int: Token] = [:]
    for (index, piece) in pieces.enumerated() where sequences[piece.id] != nil {
      found[piece.id] = mostLikely(index * size..<index * size + vocabularySize)
    }
    return found
  }

  /// The most likely token of those that both vocabularies have.
  private func mostLikely(_ range: Range<Int>) -> Token {
    let row = logits.span.extracting(range)
    var best = 0
    for index in row.indices where row[index] > row[best] { best = index }
    return Token(best)
  }
}
