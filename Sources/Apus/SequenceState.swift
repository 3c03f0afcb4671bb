package import ApusCore

/// One request's tokens, and where their keys and values are.
package struct SequenceState: Sendable {
  /// The engine's number for the request.
  package let id: Int
  /// Tokens of the prompt; the others are the completion's.
  package let promptCount: Int
  /// Logits that one step computes of a sequence at most: each is as large as the vocabulary.
  package static let logitRows = 32
  /// Where it begins in the tree of blocks: what it is computed with, and who may go on from it.
  let root: BlockTree.Root
  private let priority: Int
  private let choosesTokens: Bool
  /// What becomes a vector; nil where logits are wanted.
  let pooled: PooledPositions?
  private let reusesPrefix: Bool
  /// The order in which requests came.
  var age = 0
  /// The last step that it was offered rows in.
  var lastStep = 0
  /// Prompt and completion.
  private(set) var tokens: [Token]
  /// Tokens whose keys and values others have computed, before it first rested.
  private var found = 0
  /// Tokens whose keys and values are stored.
  private(set) var processed = 0
  /// The first position whose result is still wanted, if it is.
  private var firstWanted: Int
  /// Where the keys and values are.
  var table = KVBlockTable()
  /// Positions that windowed layers keep; nil without such layers.
  private var window: Int?
  /// How many window blocks it has given up.
  private var givenUp = 0
  /// Blocks at its beginning that others had or were about to fill when it began.
  var expectedBlocks = 0
  /// Its place in the tree of blocks; nil while it does not run.
  private(set) var hold: BlockTree.Hold?
  /// The block that is copied before its first step; its positions count as processed.
  private(set) var tail: BlockTree.Tail?
  /// Where its recurrent states are; nil for a model without recurrent layers.
  private(set) var stateSlot: Int32?
  /// The snapshot that its first step starts from.
  private var snapshot: Int32?
  private var hasRested = false
  /// Whether it has had no rows since it began, or began again.
  var isFresh = true

  /// A sequence that nothing is stored of.
  ///
  /// - Parameters:
  ///   - id: A number that no other has.
  ///   - prompt: The prompt; not empty, and shorter than the context.
  ///   - choosesTokens: Whether tokens are chosen that follow the prompt.
  ///   - scoresFrom: The first token of the prompt that is scored, with all that follow; not the first of all. A
  ///     token's score takes the logits of the position before it.
  ///   - pooled: The positions whose vector is wanted instead of logits; the last one is the prompt's, unless the sequence
  ///     is computed as a whole.
  ///   - root: What others must have in common with it to go on from its keys and values, and it from theirs.
  ///   - reusesPrefix: Whether it may start from the keys and values of another.
  ///   - priority: Those with a higher one come first.
  package init(
    id: Int, prompt: [Token], choosesTokens: Bool = true, scoresFrom: Int? = nil, pooled: PooledPositions? = nil,
    root: BlockTree.Root = BlockTree.Root(), reusesPrefix: Bool = true, priority: Int = 0
  ) {
    self.id = id
    firstWanted = pooled?.positions.lowerBound ?? (scoresFrom ?? prompt.count) - 1
    self.choosesTokens = choosesTokens
    self.pooled = pooled
    self.root = root
    self.reusesPrefix = reusesPrefix
    self.priority = priority
    promptCount = prompt.count
    tokens = prompt
  }

  /// Tokens still to be processed.
  var remaining: Int { tokens.count - processed }
  /// Whether all of it is in one step, and no keys and values stay behind.
  var isWhole: Bool { pooled?.isWhole == true }
  /// Whether it has one token to process behind others.
  var isDecoding: Bool { remaining == 1 && !isWhole }

  /// Whether it comes before `other` where not both can have what they need.
  func isMoreUrgent(than other: SequenceState) -> Bool { (-priority, age) < (-other.priority, other.age) }

  /// How many tokens of at most `count` one step may take, so that it computes no more logits than it may.
  func rows(of count: Int) -> Int {
    if isWhole { return remaining <= count ? remaining : 0 }
    let most = min(count, remaining)
    return pooled == nil ? min(most, firstWanted - processed + Self.logitRows) : most
  }

  /// The positions among these whose results are wanted: logits, or rows to pool.
  func wanted(in positions: Range<Int>) -> Range<Int> {
    let end = choosesTokens ? tokens.count : pooled?.positions.upperBound ?? promptCount - 1
    return positions.clamped(to: firstWanted..<max(firstWanted, end))
  }

  /// The tokens that need not be computed where their keys and values are kept.
  ///
  /// One that rested finds what it computed itself, whether it may use what others did or not: the bits are the same.
  /// Where results are wanted, and for the last token, computing is needed.
  var reusable: ArraySlice<Token> {
    !isWhole && (reusesPrefix || (hasRested && isFresh)) ? tokens.prefix(min(firstWanted, tokens.count - 1)) : []
  }

  /// How far the prompt is processed after `count` more tokens.
  func progress(with count: Int) -> PromptProgress {
    PromptProgress(
      processed: min(processed + count, promptCount), cached: min(found, promptCount), total: promptCount)
  }

  /// The states of its next `count` tokens, but for snapshots; nil for a model without recurrent layers.
  var states: SequenceStates? {
    stateSlot.map { SequenceStates(start: processed == 0 ? nil : snapshot ?? $0, end: $0) }
  }

  /// KV blocks that are still needed for `count` more tokens.
  func missingBlocks(for count: Int) -> Int {
    KVCacheLayout.blocks(forPositions: processed + count) - table.full.count
  }

  /// The same of window blocks.
  func missingWindowBlocks(for count: Int) -> Int {
    window == nil ? 0 : KVCacheLayout.blocks(forPositions: processed + count) - table.windowed.count
  }

  /// How many of the first tokens of `text` it begins with.
  func common(with text: ArraySlice<Token>) -> Int {
    var count = 0
    while count < min(tokens.count, text.count), tokens[count] == text[text.startIndex + count] { count += 1 }
    return count
  }

  /// KV blocks that it will take for all tokens that it has.
  var promisedBlocks: Int { promisedBlocks(besides: table.full) }

  /// The same of window blocks, if it gave none up.
  var promisedWindowBlocks: Int { window == nil ? 0 : promisedBlocks(besides: table.windowed) }

  private func promisedBlocks(besides blocks: [Int32]) -> Int {
    max(0, KVCacheLayout.blocks(forPositions: tokens.count) - max(blocks.count, expectedBlocks))
  }

  /// Window blocks that it has.
  var heldWindowBlocks: Int { table.windowed.count - givenUp }

  /// Tokens that its KV blocks of full layers still have room for.
  var fullRoom: Int { table.full.count * KVCacheLayout.blockPositions - processed }

  /// Tokens that its KV blocks still have room for.
  var room: Int {
    window == nil ? fullRoom : min(fullRoom, table.windowed.count * KVCacheLayout.blockPositions - processed)
  }

  /// Begins with nothing, or again after a rest.
  mutating func start(_ hold: BlockTree.Hold, stateSlot: Int32?, window: Int?) {
    self.hold = hold
    self.stateSlot = stateSlot
    self.window = window
  }

  /// Whether all that is stored of it lies in full blocks, and it has no others: it can take over what follows.
  var isAtBlockEnd: Bool {
    tail == nil && hold?.blocks == table.full.count && processed == table.full.count * KVCacheLayout.blockPositions
      && (window == nil || table.windowed.count == table.full.count)
  }

  /// Goes on behind full blocks that were found.
  mutating func takeOver(_ match: BlockTree.Match, in tree: inout BlockTree) {
    guard !match.blocks.isEmpty else { return }
    table.full += match.table.full
    table.windowed += match.table.windowed
    hold = match.hold
    snapshot = match.snapshot
    skip(match.blocks.count * KVCacheLayout.blockPositions)
    leaveBehind(in: &tree)
  }

  /// Gives up the window blocks that its next token does not look at.
  private mutating func leaveBehind(in tree: inout BlockTree) {
    guard let window else { return }
    let first = KVCacheLayout.firstKeptBlock(at: processed, window: window)
    guard givenUp < first else { return }
    tree.releaseWindowBlocks(table.windowed[givenUp..<first])
    table.windowed.replaceSubrange(
      givenUp..<first, with: repeatElement(AttentionBatch.givenUp, count: first - givenUp))
    givenUp = first
  }

  /// Goes on behind the first positions of a block that will be copied.
  mutating func takeOver(_ tail: BlockTree.Tail) {
    self.tail = tail
    skip(tail.positions)
  }

  /// Takes note of so many more tokens that need not be computed, or of so many less.
  private mutating func skip(_ count: Int) {
    processed += count
    if !hasRested { found += count }
  }

  /// Forgets where its keys, values and states are.
  mutating func rest() {
    (table, givenUp, hold, tail, snapshot, stateSlot) = (KVBlockTable(), 0, nil, nil, nil, nil)
    (processed, hasRested, isFresh) = (0, true, true)
  }

  /// The first positions of the block that it fills now, for another sequence; there are as many.
  func tail(of positions: Int) -> BlockTree.Tail {
    let index = hold?.blocks ?? 0
    return BlockTree.Tail(
      block: table.full[index], windowBlock: window == nil ? AttentionBatch.givenUp : table.windowed[index],
      positions: positions)
  }

  /// Gives up the block that was to be copied.
  mutating func dropTail() -> BlockTree.Tail? {
    guard let tail else { return nil }
    skip(-tail.positions)
    self.tail = nil
    return tail
  }

  /// What the next step copies first: nothing, or a block of each kind that there is.
  mutating func takeCopies() -> [ScheduledBatch.Copy] {
    guard let tail else { return [] }
    self.tail = nil
    let index = processed / KVCacheLayout.blockPositions
    var copies = [ScheduledBatch.Copy(kind: .full, from: tail.block, to: table.full[index], positions: tail.positions)]
    if window != nil {
      copies.append(
        .init(kind: .windowed, from: tail.windowBlock, to: table.windowed[index], positions: tail.positions))
    }
    return copies
  }

  /// Takes note that a step has stored `count` more tokens, and given what was wanted of them.
  ///
  /// `restarts` are the slots with the states behind its rows from the last certain one on, but for the very last row,
  /// whose states are in its own slot. It goes on from the one behind the last row that it keeps; gives those that are
  /// free then.
  mutating func noteProcessed(_ count: Int, restarts: [Int32]) -> [Int32] {
    // Proposed tokens stand behind its last one, so the first slot is behind that.
    let place = count - remaining
    processed += count
    firstWanted = max(firstWanted, processed)
    snapshot = nil
    guard restarts.indices.contains(place), let own = stateSlot else { return restarts }
    var free = restarts
    (stateSlot, free[place]) = (free[place], own)
    return free
  }

  /// Gives the tree the full blocks of the first `count` tokens, with the states behind them, and gives up what the
  /// window has left behind.
  mutating func keep(
    _ count: Int, snapshot: Int32? = nil, in tree: inout BlockTree, _ allocator: inout KVBlockAllocator
  ) {
    guard var hold else { return }
    tree.insert(tokens[..<count], &table, at: &hold, snapshot: snapshot, &allocator)
    self.hold = hold
    if hold.blocks == processed / KVCacheLayout.blockPositions { leaveBehind(in: &tree) }
  }

  /// Adds a token that was chosen: the logits wanted next are those that follow it.
  mutating func append(_ token: Token) {
    tokens.append(token)
    firstWanted = tokens.count - 1
  }
}
