package import ApusModels

/// What a model is made for.
public enum ModelPurpose: Sendable, Equatable {
  /// It generates text: `Model.complete`, `chat` and `stream`.
  case generation
  /// It makes vectors of so many values of texts: `Model.embed`.
  case embedding(dimensions: Int)
  /// It says how well a document fits a query: `Model.rank`. `labels` names its scores, where the file does.
  case ranking(labels: [String])
}

extension ModelPurpose {
  package init(_ pooling: PoolingPlan?) {
    switch pooling {
    case nil: self = .generation
    case let pooling?:
      self = pooling.ranking.map { .ranking(labels: $0.labels) } ?? .embedding(dimensions: pooling.columns)
    }
  }
}

extension ApusError {
  /// Text was asked of a model that makes none.
  static func cannotGenerate(_ pooling: PoolingPlan) -> ApusError {
    .unsuitableModel(
      reason: "this model \(pooling.ranking == nil ? "makes embeddings" : "ranks texts") and does not generate text: "
        + "use one that does")
  }
}
