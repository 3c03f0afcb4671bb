package import ApusCore
package import ApusModels
package import ApusTokenizers

/// Turns requests into tokens, one forward pass after the other, on a thread of its own.
///
/// All methods may be called from anywhere and never compute. When the last reference is gone, the thread ends after
/// the step it is in, and unfinished requests end with `FinishReason.cancelled`.
package final class Engine: Sendable {
  package let contextLength: Int
  /// Bytes of the longest token's text.
  package let longestTokenByteCount: Int

  package init(
    _ model: EngineModel, tokenizer: Tokenizer, configuration: EngineConfiguration
  ) throws(ApusError) {
    contextLength = configuration.contextLength
    longestTokenByteCount = 1
    throw .shuttingDown
  }

  /// Takes a request into the queue, or throws at once.
  package func submit(_ request: GenerationRequest) throws(ApusError) -> GenerationStream { throw .shuttingDown }

  /// Refuses new requests and returns when those that were taken have ended.
  package func drain() async {}

  /// Cancels all requests and refuses new ones.
  package func cancelAll() {}

  /// Whether the engine works.
  package var health: EngineHealth {
    EngineHealth(running: 0, queued: 0, sinceLastStep: .zero, isDraining: true)
  }

  /// What the engine has done since it started.
  package var metrics: EngineMetrics { EngineMetrics() }

  /// Runs `body` on the engine's thread when no request is worked on, with the model and the whole KV cache
  /// (KV blocks `0 ..< cache.layout.blocks`), whose contents are free to overwrite.
  ///
  /// Requests wait meanwhile. What `body` throws is passed on.
  package func withExclusiveModel<Result: Sendable>(
    _ body: @escaping @Sendable (LanguageModel, KVCache) throws -> Result
  ) async throws -> Result {
    throw ApusError.shuttingDown
  }
}
