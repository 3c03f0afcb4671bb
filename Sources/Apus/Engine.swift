package import ApusCore
package import ApusModels
package import ApusTokenizers

/// Turns requests into tokens, one forward pass after the other, in a lane of its runtime.
///
/// All methods may be called from anywhere and never compute. When the last reference is gone, the lane ends after the
/// step it is in, unfinished requests end with `FinishReason.cancelled`, and what the lane held is freed.
package final class Engine: Sendable {
  package let tokenizer: Tokenizer
  package let configuration: EngineConfiguration
  /// How the model makes vectors or scores of texts; nil for one that generates text.
  package let pooling: PoolingPlan?
  /// Where it computes.
  package let runtime: Runtime
  /// The shape of its KV cache.
  package let cacheLayout: KVCacheLayout
  /// Bytes of one part of each kind that can be saved; 0 where there are none.
  let partByteCounts: [SavedState.Kind: Int]
  /// Tells when the model's memory is free, which is after the last reference to the engine.
  let memoryEnd: ReservationEnd?
  private let watch: FileWatch?
  let inbox: EngineInbox
  /// Lives as long as an engine has a lane on it.
  private let thread: ComputeThread

  /// Opens a lane on `runtime`; takes the KV cache's memory, of which the system gives only what is used.
  package init(
    _ model: EngineModel, tokenizer: Tokenizer, configuration: EngineConfiguration, on runtime: Runtime
  ) throws(ApusError) {
    var configuration = configuration
    if model.model.configuration.needsWholeSequences {
      configuration.contextLength = min(configuration.contextLength, model.model.maxBatchRows)
    }
    self.tokenizer = tokenizer
    self.configuration = configuration
    watch = model.watch
    memoryEnd = model.reservation?.end
    pooling = model.model.configuration.pooling
    self.runtime = runtime
    let cache = try model.makeKVCache(configuration)
    cacheLayout = cache.layout
    partByteCounts = SavedState.Kind.byteCounts(in: cache, model.model.backend)
    let draft = try model.draft.flatMap { draft throws(ApusError) in
      draft.blocks > 0 ? try Draft(draft, for: model.model) : nil
    }
    thread = try runtime.computeThread()
    inbox = EngineInbox(configuration, thread.bell)
    thread.open(NewLane(model: model, cache: cache, draft: draft, configuration: configuration, inbox: inbox))
  }

  deinit {
    inbox.stop()
    if !thread.isCurrent { inbox.waitForEnd() }
  }

  /// Takes a request into the queue, or throws at once.
  package func submit(_ request: GenerationRequest) throws(ApusError) -> GenerationStream {
    if let pooling, request.pooled == nil { throw .cannotGenerate(pooling) }
    if let watch, watch.look() == .changed { throw .modelChanged(path: watch.path) }
    let id = inbox.makeID()
    let channel = makeChannel(id)
    try inbox.submit(try Generation(request, id: id, tokenizer, configuration, channel))
    return GenerationStream(channel, engine: self)
  }

  private func makeChannel(_ id: Int) -> EventChannel {
    let inbox = inbox
    return EventChannel(
      unreadByteLimit: configuration.unreadByteLimit, onCancel: { inbox.cancel(id) },
      onCatchUp: { inbox.resume(id) })
  }

  /// Throws where the model's file has changed since it was loaded.
  ///
  /// Waits for the engine's lane to compare what was used of it, if the file's time has changed.
  package func checkFile() async throws(ApusError) {
    guard let watch else { return }
    if watch.look() == .touched { await inbox.visit { _ = $0.hasItsFile() } }
    if watch.look() == .changed { throw .modelChanged(path: watch.path) }
  }

  /// Refuses new requests and returns when those that were taken have ended.
  package func drain() async { await inbox.drain() }

  /// Refuses new requests and cancels those that were taken.
  package func cancelAll() { inbox.cancelAll() }

  /// Whether the engine works.
  package var health: EngineHealth { inbox.health }

  /// Lets `observer` follow what the engine does from here on, instead of an earlier one.
  package func observe(_ observer: @escaping EngineObserver) { inbox.observe(observer) }

  /// What the engine has done since it started.
  package var metrics: EngineMetrics { inbox.metrics }
}
