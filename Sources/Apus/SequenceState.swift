package import ApusCore

/// One request's tokens, and where their keys and values are.
package struct SequenceState: Sendable {
  /// The engine's number for the request.
  package let id: Int
  /// Tokens of the prompt; the others are the completion's.
  package let promptCount: Int
  /// Whether tokens are chosen that follow the prompt.
  let choosesTokens: Bool
  private let reusesPrefix: Bool
  /// Prompt and completion.
  private(set) var tokens: [Token]
  /// Prompt tokens whose keys and values came from the prefix cache.
  private(set) var cached = 0
  /// Tokens whose keys and values are stored.
  private(set) var processed = 0
  /// The KV block of every `KVCacheLayout.blockPositions` tokens.
  var blocks: [Int32] = []

  /// A sequence that nothing is stored of.
  ///
  /// - Parameters:
  ///   - id: A number that no other has.
  ///   - prompt: The prompt; not empty, and shorter than the context.
  ///   - choosesTokens: Whether tokens are chosen that follow the prompt; else no logits are wanted.
  ///   - reusesPrefix: Whether it may start from the keys and values of another.
  package init(id: Int, prompt: [Token], choosesTokens: Bool = true, reusesPrefix: Bool = true) {
    self.id = id
    self.choosesTokens = choosesTokens
    self.reusesPrefix = reusesPrefix
    promptCount = prompt.count
    tokens = prompt
  }

  /// Tokens still to be processed.
  var remaining: Int { tokens.count - processed }

  /// The first position whose logits are wanted.
  var firstLogits: Int { choosesTokens ? tokens.count - 1 : tokens.count }

  /// The tokens that need not be computed where their keys and values are kept.
  ///
  /// One that rested finds what it computed itself, whether it may use what others did or not: the bits are the same.
  /// The last token is always computed: its logits choose the next one.
  var reusable: ArraySlice<Token> {
    reusesPrefix || tokens.count > promptCount ? tokens.dropLast() : []
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
  mutating func start(from match: PrefixCache.Match) {
    cached = min(match.count, promptCount)
    processed = match.count
    blocks = match.blocks
  }

  /// Forgets where its keys and values are.
  mutating func rest() { start(from: PrefixCache.Match()) }

  mutating func noteProcessed(_ count: Int) { processed += count }
  mutating func append(_ token: Token) { tokens.append(token) }
}
