internal import ApusCore
internal import ApusModels

/// What the sequences of an engine may take of the memory, known before anything is allocated.
struct SequenceMemory {
  /// Tokens that prompt and completion may have together.
  let contextLength: Int
  /// Sequences that run together at most.
  let sequences: Int
  /// KV blocks of the pool.
  let blocks: Int
  /// State slots for going back from proposed tokens.
  let restartSlots: Int
  /// KV blocks of the draft model.
  let draftBlocks: Int
  /// Bytes of the pool, with the state slots of recurrent layers and the draft model's KV blocks.
  let byteCount: Int

  /// The most texts in a step of a model that takes whole ones.
  private static let mostTexts = 32

  /// One whole context, which is all that a step of whole texts needs.
  init(of footprint: ModelFootprint, contextLength: Int) {
    self.contextLength = contextLength
    blocks = KVCacheLayout.blocks(forPositions: contextLength)
    sequences = min(blocks, Self.mostTexts)
    restartSlots = 0
    draftBlocks = 0
    byteCount = footprint.kvCache
  }

  /// `parallel` sequences, or as many as there is room for with one whole context, and the KV blocks that `budget` bytes
  /// have room for.
  ///
  /// Sequences share the blocks: any of them can be as long as a context, but not all at once unless there is room.
  ///
  /// - Precondition: `budget` is at least `context`; the draft model's blocks are not part of it.
  init(
    contextLength: Int, budget: Int, costs: SequenceCosts, parallel: Int, draft: DraftShare
  ) {
    let contextBlocks = KVCacheLayout.blocks(forPositions: contextLength)
    self.contextLength = contextLength
    let states = (budget - contextBlocks * costs.block) / max(1, costs.sequence)
    sequences = costs.sequence == 0 ? parallel : max(1, min(parallel, states))
    // An eighth of what is left beside one context is enough for guesses.
    let spare = budget - contextBlocks * costs.block - sequences * costs.sequence
    restartSlots = costs.sequence == 0 ? 0 : max(0, min(PromptLookup.mostTokens, spare / 8 / costs.sequence))
    let slots = sequences + restartSlots
    let room = (budget - slots * costs.sequence) / costs.block
    blocks = max(contextBlocks, min(room, Int(Int32.max)))
    draftBlocks = draft.blocks
    byteCount = blocks * costs.block + slots * costs.sequence + draft.byteCount
  }
}

/// The KV blocks of a draft model.
struct DraftShare {
  /// Bytes of one.
  let block: Int
  let blocks: Int

  /// What it can use at most: a context for each sequence that tokens are proposed for.
  ///
  /// - Precondition: The model has a footprint with such a context.
  init(block: Int, contextLength: Int, sequences: Int) {
    self.block = block
    blocks =
      block == 0 ? 0 : min(sequences, StepCosts.mostSequences) * KVCacheLayout.blocks(forPositions: contextLength)
  }

  private init(block: Int, blocks: Int) { (self.block, self.blocks) = (block, blocks) }

  var byteCount: Int {
    let (bytes, overflow) = block.multipliedReportingOverflow(by: blocks)
    return overflow ? .max / 4 : bytes
  }

  /// Its part of `total` bytes, where the model wants `wanted` of them and has at least `least`.
  func share(of total: Int, beside wanted: Int, least: Int) -> DraftShare {
    guard block > 0 else { return self }
    let part = Double(byteCount) / (Double(byteCount) + Double(wanted))
    let bytes = min(byteCount, total - least, Int(Double(total) * part + 0.5))
    return DraftShare(block: block, blocks: max(0, bytes) / block)
  }
}

/// What the memory of a sequence costs, in bytes.
struct SequenceCosts {
  /// A KV block, and the state slot of its snapshot.
  let block: Int
  /// The state slot of a sequence that runs.
  let sequence: Int

  /// Nil where the format cannot store the model's heads, or a sum overflows.
  init?(_ configuration: ModelConfiguration, _ format: KVFormat) {
    let layout = configuration.kvCacheLayout(format: format, positions: KVCacheLayout.blockPositions)
    guard let both = layout?.byteCount, let states = layout?.statePoolByteCount else { return nil }
    // A model without any memory: a byte, so that nothing is divided by zero.
    block = max(1, both)
    sequence = states
  }

  /// Bytes of a sequence of `length` tokens.
  ///
  /// - Precondition: A footprint with one such context does not overflow.
  func context(of length: Int) -> Int { KVCacheLayout.blocks(forPositions: length) * block + sequence }

  /// Bytes of so many of them, and of what guesses need.
  func contexts(_ count: Int, of length: Int) -> Int {
    count * context(of: length) + PromptLookup.mostTokens * sequence
  }
}
