internal import ApusCore
internal import ApusModels

extension Model {
  /// Vectors or scores of texts as pooled, each of at most the context length, in their order.
  ///
  /// `pooling` is nil for the model's own way. They are requests like others, as many at a time as can share a step, so
  /// that the queue has room for those of others.
  func vectors(
    of texts: [[Token]], _ pooling: PoolingPlan.Kind?, cacheSalt: String? = nil
  ) async throws(ApusError) -> [[Float]] {
    let most = engine.configuration.maximumSequences
    var streams: [GenerationStream] = []
    var vectors: [[Float]] = []
    while vectors.count < texts.count {
      let next = vectors.count + streams.count
      if next < texts.count, streams.count < most {
        do throws(ApusError) {
          streams.append(try engine.submit(request(for: texts[next], pooling, cacheSalt)))
          continue
        } catch {
          // Its own texts may be those that wait.
          guard case .queueFull = error, !streams.isEmpty else { throw error }
        }
      }
      vectors.append(try await vector(of: streams.removeFirst()))
    }
    return vectors
  }

  /// - Precondition: The model or the caller says how to pool.
  private func request(
    for text: [Token], _ pooling: PoolingPlan.Kind?, _ cacheSalt: String?
  ) -> GenerationRequest {
    let own = engine.pooling
    guard let kind = own?.ranking == nil ? pooling ?? own?.kind : own?.kind else {
      preconditionFailure("vectors without a pooling")
    }
    let positions = kind.positions(of: text.count)
    // Of a model that generates text, no token's row depends on those behind it.
    return own == nil
      ? GenerationRequest(
        pooling: PooledPositions(positions, isWhole: false), of: Array(text[..<positions.upperBound]),
        cacheSalt: cacheSalt)
      : GenerationRequest(pooling: PooledPositions(positions, isWhole: true), of: text)
  }

  private func vector(of stream: GenerationStream) async throws(ApusError) -> [Float] {
    if let vector = try await stream.completion().summary.vector { return vector }
    throw Task.isCancelled ? .stopped : .shuttingDown
  }
}
