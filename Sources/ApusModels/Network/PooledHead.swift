internal import ApusCore

/// What makes a vector or scores of a pooled row: see `PoolingPlan`.
struct PooledHead {
  private let layers: [PooledLayer]

  init(_ plan: PoolingPlan, _ weights: WeightMap) throws(ModelError) {
    layers = try plan.layers.map { layer throws(ModelError) in try PooledLayer(layer, weights) }
  }

  /// The results for the rows of `x`, in the buffer that is returned.
  ///
  /// The two buffers for results are written to in turn; x may be one of them.
  func forward(_ x: Buffer, _ arena: ActivationArena, _ backend: any Backend) -> Buffer {
    var input = x
    for layer in layers {
      let output = input === arena.logits ? arena.logitInput : arena.logits
      output.reshape(rows: x.rows, columns: layer.rows)
      layer.forward(input, into: output, backend)
      input = output
    }
    return input
  }
}

/// One step behind the pooling: see `PooledLayerPlan`.
private struct PooledLayer {
  private let projection: Projection
  private let activation: Activation?
  private let norm: Norm?

  init(_ plan: PooledLayerPlan, _ weights: WeightMap) throws(ModelError) {
    projection = try Projection(plan.projection, weights)
    activation = plan.activation
    norm = try Norm(plan.norm, weights)
  }

  var rows: Int { projection.weight.rows }

  func forward(_ x: Buffer, into y: Buffer, _ backend: any Backend) {
    projection.forward(x, into: y, backend, nil)
    if let activation { backend.activate(y, activation) }
    norm?.forward(y, into: y, backend)
  }
}
