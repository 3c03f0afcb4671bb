internal import ApusCore
internal import ApusModels

/// What the sequences of an engine may take of the memory, known before anything is allocated.
struct SequenceMemory {
  /// Tokens that prompt and completion may have together.
  let contextLength: Int
  /// Sequences that run together at most.
  let sequences: Int
  /// KV blocks of the pool; those of windowed layers follow from their number.
  let blocks: Int
  /// State slots for going back from proposed tokens.
  let restartSlots: Int
  /// KV blocks of the draft model.
  let draftBlocks: Int
  /// Bytes of all KV blocks, those of the draft model too, and of the state slots of recurrent layers.
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
  /// - Precondition: `budget` is at least `costs.context`; the draft model's blocks are not part of it.
  init(budget: Int, costs: SequenceCosts, parallel: Int, draft: DraftShare) {
    contextLength = costs.contextLength
    let contextBlocks = costs.contextBlocks
    let sequences = Self.most(1...parallel) { costs.byteCount(sequences: $0, blocks: contextBlocks) <= budget }
    self.sequences = sequences
    // An eighth of what is left beside one context is enough for guesses.
    let spare = budget - costs.byteCount(sequences: sequences, blocks: contextBlocks)
    let restarts = costs.slot == 0 ? 0 : max(0, min(PromptLookup.mostTokens, spare / 8 / costs.slot))
    restartSlots = restarts
    blocks = Self.most(contextBlocks...max(contextBlocks, Int(Int32.max))) {
      costs.byteCount(sequences: sequences, blocks: $0, restartSlots: restarts) <= budget
    }
    draftBlocks = draft.blocks
    byteCount =
      costs.byteCount(sequences: sequences, blocks: blocks, restartSlots: restarts) + draft.byteCount
  }

  /// The largest number of a range that fits; the first one does, and none above one that does not.
  private static func most(_ range: ClosedRange<Int>, fits: (Int) -> Bool) -> Int {
    var (good, bad) = (range.lowerBound, range.upperBound + 1)
    while bad - good > 1 {
      let middle = good + (bad - good) / 2
      if fits(middle) { good = middle } else { bad = middle }
    }
    return good
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
      block == 0 ? 0 : min(sequences, StepCosts.mostProposing) * KVCacheLayout.blocks(forPositions: contextLength)
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

/// What the memory of sequences costs.
struct SequenceCosts {
  private let configuration: ModelConfiguration
  private let use: ModelFootprint.Use

  /// Costs of sequences of `use`'s context, one for a start; nil where the format cannot store the model's heads, or one
  /// such context cannot be counted.
  init?(_ configuration: ModelConfiguration, _ use: ModelFootprint.Use) {
    (self.configuration, self.use) = (configuration, use)
    if context == .max { return nil }
  }

  var contextLength: Int { use.context }
  var contextBlocks: Int { KVCacheLayout.blocks(forPositions: use.context) }
  /// Bytes of one sequence with one context.
  var context: Int { byteCount(sequences: 1, blocks: contextBlocks) }
  /// Bytes of a state slot; 0 for a model without recurrent layers.
  var slot: Int {
    configuration.kvCacheLayout(format: use.format, positions: 0)?.stateSlotByteCount ?? 0
  }

  /// Bytes of so many sequences with a context each, and of what guesses need.
  func contexts(_ count: Int) -> Int { count * context + PromptLookup.mostTokens * slot }

  /// Bytes of so many sequences that share so many KV blocks; the largest number where they cannot be counted.
  func byteCount(sequences: Int, blocks: Int, restartSlots: Int = 0) -> Int {
    let windowBlocks = configuration.windowBlocks(
      besides: blocks, context: use.context, sequences: sequences, batchRows: use.maxBatchRows)
    let layout = configuration.kvCacheLayout(
      format: use.format, positions: blocks * KVCacheLayout.blockPositions, windowBlocks: windowBlocks,
      stateSlots: sequences + blocks + restartSlots)
    // A byte for each block of a model without any memory, so that they have an end.
    return max(blocks, layout?.byteCount ?? .max)
  }
}
