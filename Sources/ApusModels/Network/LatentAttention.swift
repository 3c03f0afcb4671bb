internal import ApusCore

/// Multi-head latent attention: see `LatentAttentionPlan`.
///
/// In the absorbed form a query's plain part goes through the matrix that would make keys of latent vectors, so that
/// scores and values are computed on the latent vectors themselves, which are all that is cached beside the turned part
/// of the keys.
final class LatentAttention {
  private enum Form {
    case absorbed(keyUp: Weight, valueUp: Weight)
    case expanded(Projection)

    init(_ form: LatentAttentionPlan.Form, _ weights: WeightMap) throws(ModelError) {
      switch form {
      case .absorbed(let keyUp, let valueUp):
        self = .absorbed(keyUp: try weights.weight(keyUp), valueUp: try weights.weight(valueUp))
      case .expanded(let projection): self = .expanded(try Projection(projection, weights))
      }
    }
  }

  private let plan: LatentAttentionPlan
  private let pairing: RopeParameters.Pairing
  private let queryDown: Projection?
  private let queryNorm: Norm?
  private let query: Projection
  private let latent: Projection
  private let latentNorm: Norm
  private let form: Form
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
    form = try Form(plan.form, weights)
    output = try Projection(plan.output, weights)
    parameters = AttentionParameters(heads: plan.heads, scale: plan.scale)
  }

  /// Attends from `x`; the result, in the absorbed form latent vectors, is in the buffer that is returned.
  func attend(from x: Buffer, _ step: borrowing ForwardStep) -> Buffer {
    let (backend, arena) = (step.backend, step.arena)
    let latent = latentKey(x, step)
    let queries: Buffer
    let attended: Buffer
    switch form {
    case .absorbed(let keyUp, _):
      backend.store(latent, nil, in: step.cache, layer: plan.cacheLayer)
      queries = absorbed(self.queries(x, step), by: keyUp, step)
      attended = arena(.latentAttended, plan.heads * plan.rank)
    case .expanded(let projection):
      store(latent, expandedBy: projection, step)
      queries = self.queries(x, step)
      attended = arena(.attended, plan.heads * plan.valueDimension)
    }
    backend.attention(queries, over: step.cache, layer: plan.cacheLayer, parameters, into: attended)
    return attended
  }

  /// Projects what attention found for the current rows.
  func project(_ attended: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    guard case .absorbed(_, let valueUp) = form else { return output.forward(attended, into: y, step) }
    let values = step.arena(.attended, plan.heads * plan.valueDimension)
    step.backend.matmulHeads(attended, valueUp, into: values)
    output.forward(values, into: y, step)
  }

  /// Queries as they meet latent vectors.
  private func absorbed(_ queries: Buffer, by keyUp: Weight, _ step: borrowing ForwardStep) -> Buffer {
    let absorbed = step.arena(.absorbed, plan.heads * plan.layout.keyDimension)
    step.backend.matmulHeads(queries, keyUp, into: absorbed)
    step.backend.copyHeads(
      queries, heads: plan.heads, from: plan.plainDimension..<plan.queryDimension, into: absorbed, at: plan.rank)
    return absorbed
  }

  /// Makes keys and values of all heads from latent vectors, and stores them.
  private func store(_ latent: Buffer, expandedBy projection: Projection, _ step: borrowing ForwardStep) {
    let (backend, arena, heads, plain) = (step.backend, step.arena, plan.heads, plan.plainDimension)
    let vector = arena(.latent, plan.rank)
    let expanded = arena(.expanded, heads * (plain + plan.valueDimension))
    let key = arena(.key, heads * plan.queryDimension)
    let value = arena(.value, heads * plan.valueDimension)
    projection.forward(vector, into: expanded, step)
    backend.copyHeads(expanded, heads: heads, from: 0..<plain, into: key, at: 0)
    backend.copyHeads(latent, heads: heads, from: plan.rank..<latent.columns, into: key, at: plain)
    backend.copyHeads(expanded, heads: heads, from: plain..<plain + plan.valueDimension, into: value, at: 0)
    backend.store(key, value, in: step.cache, layer: plan.cacheLayer)
  }

  /// The latent vectors, normed, with the turned part of the keys behind them.
  private func latentKey(_ x: Buffer, _ step: borrowing ForwardStep) -> Buffer {
    let (backend, arena, columns) = (step.backend, step.arena, plan.rank + plan.ropeDimension)
    let key = arena(.latentKey, columns)
    let vector = arena(.latent, plan.rank)
    latent.forward(x, into: key, step)
    backend.copyHeads(key, heads: 1, from: 0..<plan.rank, into: vector, at: 0)
    latentNorm.forward(vector, into: vector, backend)
    backend.copyHeads(vector, heads: 1, from: 0..<plan.rank, into: key, at: 0)
    backend.rope(
      key, headDimension: columns, offset: plan.rank, table: arena.ropeTables[plan.rope], pairing: pairing)
    return key
  }

  /// Queries of all heads, their last part turned.
  private func queries(_ x: Buffer, _ step: borrowing ForwardStep) -> Buffer {
    let (backend, arena) = (step.backend, step.arena)
    let headDimension = plan.queryDimension
    var input = x
    if let queryDown, let columns = plan.queryDown?.rows {
      input = arena(.latentQuery, columns)
      queryDown.forward(x, into: input, step)
      queryNorm?.forward(input, into: input, backend)
    }
    let queries = arena(.query, plan.heads * headDimension)
    query.forward(input, into: queries, step)
    backend.rope(
      queries, headDimension: headDimension, offset: plan.plainDimension, table: arena.ropeTables[plan.rope],
      pairing: pairing)
    if let temperature = plan.temperature {
      backend.temper(queries, factor: temperature.factor, every: temperature.positions)
    }
    return queries
  }
}
