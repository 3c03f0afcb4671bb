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

/// A request that is not worked on now: it is new, or was parked with what it had brought so far.
struct RestingSequence: Sendable {
  let request: SequenceRequest
  /// Prompt and completion.
  let tokens: [Token]

  init(_ request: SequenceRequest) { (self.request, tokens) = (request, request.prompt) }

  init(_ sequence: SequenceState) { (request, tokens) = (sequence.request, sequence.tokens) }

  var id: Int { request.id }
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

  init(_ sequence: RestingSequence, from match: PrefixCache.Match) {
    request = sequence.request
    tokens = sequence.tokens
    cached = min(match.count, sequence.request.prompt.count)
    processed = match.count
    blocks = match.blocks
  }

  var id: Int { request.id }
  /// Tokens still to be processed.
  var pending: Int { tokens.count - processed }
  var completionCount: Int { tokens.count - request.prompt.count }
  /// KV blocks that are still needed for `count` more tokens.
  func missingBlocks(for count: Int) -> Int {
    KVCacheLayout.blocks(forPositions: processed + count) - blocks.count
  }

  mutating func noteProcessed(_ count: Int) { processed += count }
  mutating func append(_ token: Token) { tokens.append(token) }
}
