internal import ApusCore

/// Multi-head latent attention: see `LatentAttentionPlan`.
///
/// A query's plain part goes through the matrix that would make keys of latent vectors, so that scores and values are
/// computed on the latent vectors themselves, which are all that is cached beside the turned part of the keys.
struct LatentAttention {
  private let plan: LatentAttentionPlan
  private let pairing: RopeParameters.Pairing
  private let queryDown: Projection?
  private let queryNorm: Norm?
  private let query: Projection
  private let latent: Projection
  private let latentNorm: Norm
  private let keyUp: Weight
  private let valueUp: Weight
  private let parameters: AttentionParameters
  private let output: Projection

  init(_ plan: LatentAttentionPlan, pairing: RopeParameters.Pairing, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    self.pairing = pairing
    queryDown = try Projection(plan.queryDown, weights)
    queryNorm = try Norm(plan.queryNorm, weights)
    query = try Projection(plan.query, weights)
    latent = try Projection(plan.latent, weights)
    latentNorm = try Norm(plan.latentNorm, weights)
    keyUp = try weights.weight(plan.keyUp)
    valueUp = try weights.weight(plan.valueUp)
    output = try Projection(plan.output, weights)
    parameters = AttentionParameters(heads: plan.heads, scale: plan.scale)
  }

  /// Attends from `x`; the result, in latent vectors, is in the buffer that is returned.
  func attend(from x: Buffer, _ step: borrowing ForwardStep) -> Buffer {
    let (backend, arena, keyDimension) = (step.backend, step.arena, plan.layout.keyDimension)
    store(x, step)
    let queries = queries(x, step)
    let absorbed = arena(.absorbed, plan.heads * keyDimension)
    let headDimension = plan.plainDimension + plan.ropeDimension
    backend.matmulHeads(queries, keyUp, into: absorbed)
    backend.copyHeads(
      queries, heads: plan.heads, from: plan.plainDimension..<headDimension, into: absorbed, at: plan.rank)
    let attended = arena(.latentAttended, plan.heads * plan.rank)
    backend.attention(absorbed, over: step.cache, layer: plan.cacheLayer, parameters, into: attended)
    return attended
  }

  /// Projects what attention found for the current rows.
  func project(_ attended: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    let values = step.arena(.attended, plan.heads * plan.valueDimension)
    step.backend.matmulHeads(attended, valueUp, into: values)
    output.forward(values, into: y, step.backend)
  }

  /// The latent vectors, normed, with the turned part of the keys behind them, go to the cache.
  private func store(_ x: Buffer, _ step: borrowing ForwardStep) {
    let (backend, arena, columns) = (step.backend, step.arena, plan.layout.keyDimension)
    let key = arena(.key, columns)
    let vector = arena(.latent, plan.rank)
    latent.forward(x, into: key, backend)
    backend.copyHeads(key, heads: 1, from: 0..<plan.rank, into: vector, at: 0)
    latentNorm.forward(vector, into: vector, backend)
    backend.copyHeads(vector, heads: 1, from: 0..<plan.rank, into: key, at: 0)
    backend.rope(
      key, headDimension: columns, offset: plan.rank, table: arena.ropeTables[plan.rope], pairing: pairing)
    backend.store(key, nil, in: step.cache, layer: plan.cacheLayer)
  }

  /// Queries of all heads, their last part turned.
  private func queries(_ x: Buffer, _ step: borrowing ForwardStep) -> Buffer {
    let (backend, arena) = (step.backend, step.arena)
    let headDimension = plan.plainDimension + plan.ropeDimension
    var input = x
    if let queryDown, let columns = plan.queryDown?.rows {
      input = arena(.latentQuery, columns)
      queryDown.forward(x, into: input, backend)
      queryNorm?.forward(input, into: input, backend)
    }
    let queries = arena(.query, plan.heads * headDimension)
    query.forward(input, into: queries, backend)
    backend.rope(
      queries, headDimension: headDimension, offset: plan.plainDimension, table: arena.ropeTables[plan.rope],
      pairing: pairing)
    return queries
  }
}
