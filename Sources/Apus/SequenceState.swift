package import ApusCore

/// One request's tokens, and where their keys and values are.
package struct SequenceState: Sendable {
  /// The engine's number for the request.
  package let id: Int
  /// Tokens of the prompt; the others are the completion's.
  package let promptCount: Int
  /// Logits that one step computes of a sequence at most: each is as large as the vocabulary.
  package static let logitRows = 32
  private let choosesTokens: Bool
  private let reusesPrefix: Bool
  /// Prompt and completion.
  private(set) var tokens: [Token]
  /// Prompt tokens whose keys and values came from the prefix cache.
  private(set) var cached = 0
  /// Tokens whose keys and values are stored.
  private(set) var processed = 0
  /// The first position whose logits are still wanted, if they are.
  private var firstLogits: Int
  /// The KV block of every `KVCacheLayout.blockPositions` tokens.
  var blocks: [Int32] = []
  /// Where its recurrent states are; nil for a model without recurrent layers.
  private(set) var stateSlot: Int32?

  /// A sequence that nothing is stored of.
  ///
  /// - Parameters:
  ///   - id: A number that no other has.
  ///   - prompt: The prompt; not empty, and shorter than the context.
  ///   - choosesTokens: Whether tokens are chosen that follow the prompt.
  ///   - scoresFrom: The first token of the prompt that is scored, with all that follow; not the first of all. A
  ///     token's score takes the logits of the position before it.
  ///   - reusesPrefix: Whether it may start from the keys and values of another.
  package init(
    id: Int, prompt: [Token], choosesTokens: Bool = true, scoresFrom: Int? = nil, reusesPrefix: Bool = true
  ) {
    self.id = id
    firstLogits = (scoresFrom ?? prompt.count) - 1
    self.choosesTokens = choosesTokens
    self.reusesPrefix = reusesPrefix
    promptCount = prompt.count
    tokens = prompt
  }

  /// Tokens still to be processed.
  var remaining: Int { tokens.count - processed }

  /// How many tokens of at most `count` one step may take, so that it computes no more logits than it may.
  func rows(of count: Int) -> Int { min(count, remaining, firstLogits - processed + Self.logitRows) }

  /// The positions among these whose logits are wanted.
  func logits(in positions: Range<Int>) -> Range<Int> {
    let end = choosesTokens ? tokens.count : promptCount - 1
    return positions.clamped(to: firstLogits..<max(firstLogits, end))
  }

  /// The tokens that need not be computed where their keys and values are kept.
  ///
  /// One that rested finds what it computed itself, whether it may use what others did or not: the bits are the same.
  /// Where logits are wanted, and for the last token, computing is needed.
  var reusable: ArraySlice<Token> {
    reusesPrefix || tokens.count > promptCount ? tokens.prefix(min(firstLogits, tokens.count - 1)) : []
  }

  /// How far the prompt is processed after `count` more tokens.
  func progress(with count: Int) -> PromptProgress {
    PromptProgress(processed: min(processed + count, promptCount), cached: cached, total: promptCount)
  }

  /// KV blocks that are still needed for `count` more tokens.
  func missingBlocks(for count: Int) -> Int {
    KVCacheLayout.blocks(forPositions: processed + count) - blocks.count
  }

  /// Begins, or goes on after a rest, from what is kept of it.
  mutating func start(from match: PrefixCache.Match, stateSlot: Int32?) {
    self.stateSlot = stateSlot
    cached = min(match.count, promptCount)
    processed = match.count
    blocks = match.blocks
  }

  /// Forgets where its keys, values and states are.
  mutating func rest() { start(from: PrefixCache.Match(), stateSlot: nil) }

  /// Takes note that a step has stored `count` more tokens, and given what logits of them were wanted.
  mutating func noteProcessed(_ count: Int) {
    processed += count
    firstLogits = max(firstLogits, processed)
  }

  /// Adds a token that was chosen: the logits wanted next are those that follow it.
  mutating func append(_ token: Token) {
    tokens.append(token)
    firstLogits = tokens.count - 1
  }
}
