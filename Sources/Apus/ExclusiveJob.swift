internal import ApusCore
internal import ApusModels

/// Work that has the model to itself for a while.
struct ExclusiveJob: Sendable {
  private let body: @Sendable (LanguageModel, KVCache) -> Void
  private let refuse: @Sendable () -> Void

  init<Result: Sendable>(
    _ body: @escaping @Sendable (LanguageModel, KVCache) throws(ApusError) -> Result,
    _ continuation: CheckedContinuation<Swift.Result<Result, ApusError>, Never>
  ) {
    self.body = { model, cache in
      continuation.resume(returning: Swift.Result { () throws(ApusError) in try body(model, cache) })
    }
    refuse = { continuation.resume(returning: .failure(.shuttingDown)) }
  }

  /// Does the work.
  func run(_ model: LanguageModel, _ cache: KVCache) { body(model, cache) }

  /// Tells the caller that it will not be done.
  func drop() { refuse() }
}
