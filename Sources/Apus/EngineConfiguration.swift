package import ApusCore
package import ApusModels

/// How an engine works.
package struct EngineConfiguration: Sendable {
  /// Tokens that prompt and completion may have together.
  package var contextLength: Int
  /// Sequences that are worked on at the same time.
  package var maximumSequences = 1
  /// KV blocks for all sequences together, at least those of one context; nil for whole contexts of all.
  package var blockCount: Int?
  /// State slots of a model with recurrent layers for going back from proposed tokens, for all sequences together.
  package var restartSlots = PromptLookup.mostTokens
  /// KV blocks of windowed layers; nil for as many as the model and the other values suggest.
  package var windowBlockCount: Int?
  /// Requests that may wait beside those that are worked on.
  package var queueLimit = 16
  /// Bytes of events that may wait for a reader before its sequence is parked.
  package var unreadByteLimit = 64 << 10
  /// How long a parked sequence waits for its reader before it is ended; nil waits for ever.
  package var readerStall: Duration?
  /// What requests call the model's adapters, in the order of their numbers.
  package var adapters: [String] = []
  /// The only source of time.
  package var now: @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }

  package init(contextLength: Int) { self.contextLength = contextLength }

  /// KV blocks for all sequences together.
  package var kvBlocks: Int {
    blockCount ?? maximumSequences * KVCacheLayout.blocks(forPositions: contextLength)
  }

  /// The bounds for the scheduler.
  var limits: Scheduler.Limits {
    Scheduler.Limits(
      contextLength: contextLength, maximumSequences: maximumSequences, blockCount: blockCount, queueLimit: queueLimit)
  }
}

/// What an engine computes with.
package struct EngineModel: Sendable {
  package let model: LanguageModel
  /// The KV cache's memory is taken when the engine starts.
  package let kvFormat: KVCacheFormat
  /// Looks after the model's file; nil where its changes cannot be felt.
  package let watch: FileWatch?
  /// The memory that it takes of the process; the engine's lane gives it back.
  let reservation: MemoryReservation?
  /// A small model that guesses what `model` will choose; it computes with threads of the same runtime.
  package var draft: DraftModel?

  package init(model: LanguageModel, kvFormat: KVCacheFormat = .f16, draft: DraftModel? = nil) {
    self.init(model: model, kvFormat: kvFormat, watch: nil, reservation: nil)
    self.draft = draft
  }

  init(model: LanguageModel, kvFormat: KVCacheFormat, watch: FileWatch?, reservation: MemoryReservation?) {
    self.model = model
    self.kvFormat = kvFormat
    self.watch = watch
    self.reservation = reservation
  }

  func makeKVCache(_ configuration: EngineConfiguration) throws(ApusError) -> KVCache {
    let sequences = configuration.maximumSequences
    let blocks = configuration.kvBlocks
    let windowBlocks = model.configuration.windowBlocks(
      besides: blocks, context: configuration.contextLength, sequences: sequences, batchRows: model.maxBatchRows)
    do throws(BackendError) {
      return try model.makeKVCache(
        format: KVFormat(kvFormat), positions: blocks * KVCacheLayout.blockPositions,
        windowBlocks: configuration.windowBlockCount ?? windowBlocks,
        stateSlots: sequences + blocks + configuration.restartSlots)
    } catch {
      throw .engineFailed(reason: error.description)
    }
  }
}

extension KVFormat {
  /// The same format inside.
  init(_ format: KVCacheFormat) {
    switch format {
    case .f16: self = .f16
    case .q8_0: self = .q8_0
    }
  }
}
