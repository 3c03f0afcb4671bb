package import ApusCore
package import ApusModels

extension Engine {
  /// Vectors or scores of whole sequences, each at most the context length, as pooled and not normalized.
  package func embed(_ sequences: [[Token]], _ pooling: PoolingPlan.Kind? = nil) async throws(ApusError) -> [[Float]] {
    try await withExclusiveModel { model, cache throws(ApusError) in
      let results: [Result<[Float], BackendError>]
      do throws(EmbeddingError) {
        results = try model.embed(sequences, pooling: pooling, cache: cache)
      } catch {
        throw ApusError(error)
      }
      return try results.map { result throws(ApusError) in try result.mapError { ApusError($0) }.get() }
    }
  }
}

extension ApusError {
  static func emptyText(_ index: Int) -> ApusError {
    .invalidText(index: index, reason: "has no token: leave out empty texts")
  }

  static func longText(_ index: Int, tokens: Int, limit: Int) -> ApusError {
    .invalidText(
      index: index,
      reason: "has \(tokens) tokens, but the model takes at most \(limit): shorten it or have its end left out")
  }

  fileprivate init(_ error: EmbeddingError) {
    switch error {
    case .noPooling: self = .unsuitableModel(reason: "this model generates text: name a pooling")
    case .empty(let sequence): self = .emptyText(sequence)
    case .tooLong(let sequence, let tokens, let limit): self = .longText(sequence, tokens: tokens, limit: limit)
    case .backend(let error): self = ApusError(error)
    }
  }
}
