internal import ApusCore

/// What the scheduler needs to know of a request.
package struct SequenceRequest: Sendable, Equatable {
  /// The engine's number for it.
  package var id: Int
  /// The prompt; not empty, and shorter than the context.
  package var prompt: [Token]
  /// Whether tokens are chosen that follow the prompt.
  package var choosesTokens = true
  /// Whether it may start from the keys and values of another.
  package var reusesPrefix = true

  package init(id: Int, prompt: [Token]) {
    self.id = id
    self.prompt = prompt
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
  var remaining: Int { tokens.count - processed }
  /// The first position whose logits are wanted.
  var firstLogits: Int { request.choosesTokens ? tokens.count - 1 : tokens.count }
  /// How far the prompt is processed after `count` more tokens.
  func progress(with count: Int) -> PromptProgress {
    let total = request.prompt.count
    return PromptProgress(processed: min(processed + count, total), cached: cached, total: total)
  }
  /// KV blocks that are still needed for `count` more tokens.
  func missingBlocks(for count: Int) -> Int {
    KVCacheLayout.blocks(forPositions: processed + count) - blocks.count
  }

  mutating func noteProcessed(_ count: Int) { processed += count }
  mutating func append(_ token: Token) { tokens.append(token) }
}
