internal import ApusCore

/// Self-attention of one layer, with keys and values for groups of query heads (arXiv:2305.13245).
package struct AttentionPlan: Sendable, HasTensors {
  var heads: Int
  var query: ProjectionPlan
  /// Nil where the layer reads the keys and values that another layer stores.
  var key: ProjectionPlan?
  /// Nil beside a key: the values are what the key projection gives, before norm and RoPE.
  var value: ProjectionPlan?
  var queryNorm: NormPlan?
  var keyNorm: NormPlan?
  var valueNorm: NormPlan?
  /// Index into the network's `ropes`; nil for a layer without RoPE.
  package var rope: Int?
  /// Shape of the keys and values that it looks at.
  var layout: KVLayerLayout
  /// Index of their layer in the KV cache.
  package var cacheLayer: Int
  package var scale: Float
  var mask = AttentionParameters.Mask.causal(window: nil)
  var softCap: Float?
  /// ALiBi's slopes, one for each head.
  var slopes: [Float]?
  var sinks: TensorPlan?
  /// Queries times `1 + factor · ln(1 + floor(position / positions))`.
  package var temperature: Temperature?
  /// Norm of what attention found, before the output projection.
  var innerNorm: NormPlan?
  var output: ProjectionPlan

  package struct Temperature: Sendable, Equatable {
    package var factor: Float
    package var positions: Int
  }

  var parts: [any HasTensors] { [query, key, value, queryNorm, keyNorm, valueNorm, sinks] }
  var laterParts: [any HasTensors] { [innerNorm, output] }

  /// Values of a row in each buffer that it works in.
  var columns: [BufferRole: Int] {
    [
      .query: heads * layout.keyDimension, .key: layout.kvHeads * layout.keyDimension,
      .value: layout.kvHeads * layout.valueDimension, .attended: heads * layout.valueDimension,
    ]
  }
}

/// Multi-head latent attention (arXiv:2405.04434).
package struct LatentAttentionPlan: Sendable, HasTensors {
  /// What the file has between latent vectors and heads, and so what is cached.
  enum Form: Sendable {
    /// One latent vector for all heads is cached.
    ///
    /// Stacks with a matrix for each head: from the plain part of a query to the latent vector, and from it to values.
    case absorbed(keyUp: TensorPlan, valueUp: TensorPlan)
    /// Keys and values of all heads are cached: from the latent vector, for each head the plain part of its key, then
    /// its value (files of 2024).
    case expanded(ProjectionPlan)
  }

  var heads: Int
  /// Values of a query head that are not turned, that are turned, and of a value head.
  var plainDimension: Int
  var ropeDimension: Int
  var valueDimension: Int
  /// Values of the latent vector.
  var rank: Int
  /// Down to the query's rank, and its norm, where queries have one.
  var queryDown: ProjectionPlan?
  var queryNorm: NormPlan?
  var query: ProjectionPlan
  /// To the latent vector and the turned part of the keys.
  var latent: ProjectionPlan
  var latentNorm: NormPlan
  var form: Form
  var rope: Int
  var cacheLayer: Int
  var scale: Float
  package var temperature: AttentionPlan.Temperature?
  var output: ProjectionPlan

  /// Values of a head's query.
  var queryDimension: Int { plainDimension + ropeDimension }

  var layout: KVLayerLayout {
    switch form {
    case .absorbed:
      KVLayerLayout(kvHeads: 1, keyDimension: rank + ropeDimension, valueDimension: rank, valuesAreKeys: true)
    case .expanded: KVLayerLayout(kvHeads: heads, keyDimension: queryDimension, valueDimension: valueDimension)
    }
  }

  var parts: [any HasTensors] {
    let down: [any HasTensors] = [queryDown, queryNorm, query, latent, latentNorm]
    return switch form {
    case .absorbed(let keyUp, _): down + [keyUp]
    case .expanded(let projection): down + [projection]
    }
  }
  var laterParts: [any HasTensors] {
    if case .absorbed(_, let valueUp) = form { [valueUp, output] } else { [output] }
  }

  var columns: [BufferRole: Int] {
    let columns: [BufferRole: Int] = [
      .latentQuery: queryDown?.rows ?? 0, .latent: rank, .query: heads * queryDimension,
      .latentKey: rank + ropeDimension, .attended: heads * valueDimension,
    ]
    let others: [BufferRole: Int] =
      switch form {
      case .absorbed: [.absorbed: heads * layout.keyDimension, .latentAttended: heads * rank]
      case .expanded(let projection):
        [.expanded: projection.rows, .key: heads * queryDimension, .value: heads * valueDimension]
      }
    return columns.merging(others) { max($0, $1) }
  }
}
