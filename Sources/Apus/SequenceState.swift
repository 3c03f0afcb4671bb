internal import ApusCore

/// What the scheduler needs to know of a request.
package struct SequenceRequest: Sendable, Equatable {
  /// The engine's number for it.
  package var id: Int
  /// The prompt; not empty, and shorter than the context.
  package var prompt: [Token]
  /// Tokens that are produced at most.
  package var maximumTokens: Int
  /// Tokens by which the model ends its text.
  package var endTokens: Set<Token> = []
  /// Tokens by which the caller ends it.
  package var stopTokens: Set<Token> = []
  /// Whether it may start from the keys and values of another.
  package var reusesPrefix = true

  package init(id: Int, prompt: [Token], maximumTokens: Int) {
    self.id = id
    self.prompt = prompt
    self.maximumTokens = maximumTokens
  }
}

/// A request that is worked on: its tokens, and where their keys and values are.
struct SequenceState: Sendable {
  let request: SequenceRequest
  /// Prompt and completion.
  private(set) var tokens: [Token]
  /// Prompt tokens whose keys and values came from the prefix cache.
  let cached: Int
  /// Tokens whose keys and values are stored.
  private(set) var processed: Int
  /// The KV block of every `KVCacheLayout.blockPositions` tokens.
  var blocks: [Int32]
  /// Whether its reader is too far behind to go on.
  var isPaused = false

  init(_ request: SequenceRequest, from match: PrefixCache.Match) {
    self.request = request
    tokens = request.prompt
    cached = match.count
    processed = match.count
    blocks = match.blocks
  }

  var id: Int { request.id }
  /// Tokens still to be processed.
  var pending: Int { tokens.count - processed }
  var completionCount: Int { tokens.count - request.prompt.count }
  var isPromptProcessed: Bool { processed >= request.prompt.count }
  /// KV blocks that are still needed for `count` more tokens.
  func missingBlocks(for count: Int) -> Int {
    KVCacheLayout.blocks(forPositions: processed + count) - blocks.count
  }

  mutating func noteProcessed(_ count: Int) { processed += count }
  mutating func append(_ token: Token) { tokens.append(token) }
}
