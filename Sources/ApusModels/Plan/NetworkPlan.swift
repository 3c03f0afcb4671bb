internal import ApusCore
internal import ApusGGUF

/// A network as its architecture states it: weights by name and shape, the order of operations, memory per sequence.
///
/// Buffers, footprint, work, synthesis and the list of tensors follow from it.
package struct NetworkPlan: Sendable {
  /// Values of one token's activations between layers.
  var hiddenSize: Int
  var vocabularySize: Int
  var embedding: EmbeddingPlan
  /// Nil for a network with one residual stream.
  var streams: StreamsPlan?
  package var ropes: [RopePlan] = []
  package var layers: [LayerPlan] = []
  /// Keys and values of the layers that store their own.
  var cacheLayers: [KVLayerLayout] = []
  /// The same with the windows of layers whose keys and values only a window looks at.
  var windowedCacheLayers: [KVLayerLayout] {
    var all = cacheLayers
    for (index, readers) in Dictionary(grouping: layers, by: { $0.mixer.cache?.layer ?? -1 }) where index >= 0 {
      let windows = readers.map(\.mixer.window)
      all[index].window = windows.contains(nil) ? nil : windows.lazy.compactMap(\.self).max()
    }
    return all
  }
  /// Values of each recurrent state of a sequence.
  var states: [Int] { layers.flatMap(\.mixer.states) }
  var output: OutputPlan
  /// Beginnings of names of tensors that the file may have and that are not used.
  var unusedTensors: [String] = []

  /// All tensors, parts of fused ones apart, in the order in which a step reads them.
  package var tensors: [TensorPlan] {
    let isShort = output.needsFewRows
    return embedding.tensors + streams.tensors(isLast: isShort) + ropes.flatMap(\.tensors)
      + layers.dropLast().flatMap(\.tensors) + layers.suffix(1).flatMap { $0.tensors(isLast: isShort) }
      + output.tensors(isLast: true)
  }

  /// Values of a row in each buffer, for the widest layer.
  var columns: [BufferRole: Int] {
    var columns: [BufferRole: Int] = [
      .stream: hiddenSize, .normed: hiddenSize, .projected: hiddenSize, .feedForward: hiddenSize,
    ]
    if embedding.positions != nil || embedding.types != nil { columns[.positions] = hiddenSize }
    if let inputs = embedding.layerInputs {
      columns[.layerInputs] = inputs.projection.rows
      columns[.layerEmbeddings] = inputs.projection.rows
    }
    columns.merge(streams?.columns ?? [:]) { max($0, $1) }
    for layer in layers { columns.merge(layer.columns) { max($0, $1) } }
    return columns
  }
}

/// Tokens to the residual stream.
struct EmbeddingPlan: Sendable, HasTensors {
  var table: TensorPlan
  var scale: Float = 1
  /// A row for each position, added.
  var positions: TensorPlan?
  /// A row for each kind of token, of which all tokens are kind 0, added.
  var types: TensorPlan?
  var norm: NormPlan?
  var layerInputs: LayerInputsPlan?

  var parts: [any HasTensors] { [table, positions, types, norm, layerInputs] }
}

/// The inputs of all layers, made from the token: `(norm(projection(x) · scale) + sqrt(width) · table[token]) / sqrt(2)`.
struct LayerInputsPlan: Sendable, HasTensors {
  var width: Int
  var table: TensorPlan
  var projection: ProjectionPlan
  var norm: NormPlan

  var parts: [any HasTensors] { [table, projection, norm] }
}

/// RoPE of some layers, with the divisors of its frequencies that the file has.
package struct RopePlan: Sendable, HasTensors {
  package var configuration: RopeConfiguration
  var divisors: TensorPlan?
  /// Divisors for sequences beyond this many positions (LongRoPE, arXiv:2402.13753).
  var longDivisors: (beyond: Int, tensor: TensorPlan)?

  var parts: [any HasTensors] { [divisors, longDivisors?.tensor] }
}

/// The residual stream to what a model gives.
struct OutputPlan: Sendable, HasTensors {
  enum Head: Sendable {
    case logits(LogitsPlan)
    case pooled(PoolingPlan)
  }

  /// The final norm.
  var norm: NormPlan?
  var head: Head

  /// The norm is of all rows where all are pooled.
  var parts: [any HasTensors] { needsFewRows ? [] : [norm] }
  var laterParts: [any HasTensors] {
    let head: any HasTensors =
      switch head {
      case .logits(let logits): logits.projection
      case .pooled(let pooling): pooling
      }
    return needsFewRows ? [norm, head] : [head]
  }

  /// Whether the result is made of few rows of a step: the wanted ones, or one of each sequence.
  var needsFewRows: Bool {
    guard case .pooled(let pooling) = head else { return true }
    return pooling.kind == .first || pooling.kind == .last
  }
}

struct LogitsPlan: Sendable {
  var projection: ProjectionPlan
  var scale: Float = 1
  /// Where not nil, each logit l becomes `cap · tanh(l / cap)`.
  var cap: Float?
}

extension NetworkPlan {
  /// Changes the attention of each layer that has one.
  mutating func editAttention(
    _ change: (_ layer: Int, inout AttentionPlan) throws(GGUFError) -> Void
  ) throws(GGUFError) {
    for index in layers.indices {
      guard case .attention(var attention) = layers[index].mixer else { continue }
      try change(index, &attention)
      layers[index].mixer = .attention(attention)
    }
  }

  /// Lets files have keys and values in layers that read those of others: published ones do.
  mutating func allowKeys(in layers: Range<Int>) {
    unusedTensors += layers.flatMap { ["blk.\($0).attn_k", "blk.\($0).attn_v."] }
  }

  /// Changes the experts of each layer that has some.
  mutating func editExperts(_ change: (inout ExpertsPlan) -> Void) {
    for index in layers.indices {
      guard case .experts(var experts) = layers[index].feedForward else { continue }
      change(&experts)
      layers[index].feedForward = .experts(experts)
    }
  }
}
