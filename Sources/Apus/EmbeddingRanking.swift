internal import ApusCore
internal import ApusModels
internal import ApusSampling
internal import ApusText

/// How well a document fits a query.
public struct DocumentScore: Sendable, Equatable {
  /// More is better; compare scores of one model only.
  ///
  /// A probability where the model answers yes or no (Qwen3's rerankers), else what its classifier gives, of any size.
  public let score: Float
  /// Tokens of query and document that were used, with those that the model wants around them.
  public let tokenCount: Int
  /// Whether the document was too long and its end was left out.
  public let isTruncated: Bool
}

extension Model {
  /// Scores of `documents` for `query`, in the documents' order.
  ///
  /// The model reads query and document together, which tells more than comparing their embeddings and takes a pass for
  /// each document (a cross-encoder, arXiv:1908.10084).
  ///
  /// - Parameters:
  ///   - query: What is looked for.
  ///   - documents: The texts that may have it.
  ///   - truncates: Whether the end of a document that is too long is left out; else it is an error.
  /// - Returns: A score for each document.
  /// - Throws: `ApusError.unsuitableModel` for a model that does not rank; `ApusError.invalidText` for a document that
  ///   is longer with the query than `ModelInformation.contextLength`, or for which the query leaves no room;
  ///   `ApusError.queueFull` where others wait already, as many as may; `ApusError.stopped` where the task is cancelled;
  ///   and where computing fails.
  public func rank(
    _ query: String, _ documents: [String], truncates: Bool = false
  ) async throws(ApusError) -> [DocumentScore] {
    try await rank(try rankingInputs(query, documents, truncates: truncates))
  }

  /// What `rank` scores: the tokens of pairs, which take time with their length.
  ///
  /// Throws as `rank` does, and `ApusError.stopped` soon after `shouldStop` says so.
  package func rankingInputs(
    _ query: String, _ documents: [String], truncates: Bool, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> [EmbeddingInput] {
    _ = try ranking()
    guard let pairFormat else { throw unsuitableForRanking }
    let (query, limit) = (query.withoutByteOrderMark, information.contextLength)
    var inputs: [EmbeddingInput] = []
    for (index, document) in documents.enumerated() {
      let pair = try pairFormat.tokens(
        query, document.withoutByteOrderMark, tokenizer, limit: truncates ? limit : nil, shouldStop)
      guard pair.tokens.count <= limit else {
        throw truncates ? .noRoom(index, limit: limit) : .longPair(index, tokens: pair.tokens.count, limit: limit)
      }
      inputs.append(pair)
    }
    return inputs
  }

  /// The scores of pairs whose tokens are known.
  package func rank(_ inputs: [EmbeddingInput]) async throws(ApusError) -> [DocumentScore] {
    let ranking = try ranking()
    let scores = try await vectors(of: inputs.map(\.tokens), nil)
    var results: [DocumentScore] = []
    for (input, scores) in zip(inputs, scores) {
      results.append(
        DocumentScore(
          score: try ranking.score(scores), tokenCount: input.tokens.count, isTruncated: input.isTruncated))
    }
    return results
  }

  /// Whether its scores are probabilities; else they are of any size.
  package var ranksByProbability: Bool { engine.pooling?.ranking?.isSoftmax ?? false }

  private func ranking() throws(ApusError) -> PoolingPlan.Ranking {
    guard let ranking = engine.pooling?.ranking else { throw unsuitableForRanking }
    return ranking
  }

  private var unsuitableForRanking: ApusError {
    .unsuitableModel(
      reason: engine.pooling == nil
        ? "this model generates text and does not rank: use a reranker"
        : "this model makes embeddings and does not rank: use a reranker, or compare embeddings")
  }
}

extension ApusError {
  fileprivate static func longPair(_ index: Int, tokens: Int, limit: Int) -> ApusError {
    .invalidText(
      index: index,
      reason: "has \(tokens) tokens with the query, but the model takes at most \(limit): "
        + "shorten it or have its end left out")
  }

  fileprivate static func noRoom(_ index: Int, limit: Int) -> ApusError {
    .invalidText(
      index: index,
      reason: "has no room beside the query, as the model takes at most \(limit) tokens: shorten the query")
  }
}

extension PoolingPlan.Ranking {
  /// What the scores of all labels say of how well the texts fit.
  fileprivate func score(_ scores: [Float]) throws(ApusError) -> Float {
    guard isSoftmax else { return scores[relevant] }
    do throws(SamplingError) {
      return Float(try LogProbabilities(of: scores.span).probability(of: Token(relevant)))
    } catch {
      throw .engineFailed(reason: error.description)
    }
  }
}
