internal import ApusCore

/// Self-attention of one layer: see `AttentionPlan`.
final class Attention {
  private let plan: AttentionPlan
  /// Query, then key and value where the layer has its own.
  private let projections: Projections
  private let queryNorm: Norm?
  private let keyNorm: Norm?
  private let valueNorm: Norm?
  private let parameters: AttentionParameters
  private let pairing: RopeParameters.Pairing
  private let innerNorm: Norm?
  private let output: Projection

  init(_ plan: AttentionPlan, pairing: RopeParameters.Pairing?, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    self.pairing = pairing ?? .split
    let parts = [plan.query, plan.key, plan.value].compactMap(\.self)
    projections = Projections(
      try parts.map { part throws(ModelError) in try Projection(part, weights) })
    queryNorm = try Norm(plan.queryNorm, weights)
    keyNorm = try Norm(plan.keyNorm, weights)
    valueNorm = try Norm(plan.valueNorm, weights)
    innerNorm = try Norm(plan.innerNorm, weights)
    output = try Projection(plan.output, weights)
    var parameters = AttentionParameters(heads: plan.heads, scale: plan.scale, mask: plan.mask)
    parameters.softCap = plan.softCap
    parameters.slopes = plan.slopes
    parameters.sinks = try weights.weight(plan.sinks)
    self.parameters = parameters
  }

  /// Attends from `x`; what was found is in the buffer `attended`, not yet projected.
  func attend(from x: Buffer, _ step: borrowing ForwardStep) -> Buffer {
    let (backend, arena, layout) = (step.backend, step.arena, plan.layout)
    let query = arena(.query, plan.heads * layout.keyDimension)
    let key = arena(.key, layout.kvHeads * layout.keyDimension)
    let value = arena(.value, layout.kvHeads * layout.valueDimension)
    projections.forward(x, into: Array([query, key, value].prefix(projections.count)), step)
    prepare(query, by: queryNorm, step)
    if let temperature = plan.temperature {
      backend.temper(query, factor: temperature.factor, every: temperature.positions)
    }
    if plan.key != nil { store(key, value, step) }
    let attended = arena(.attended, plan.heads * layout.valueDimension)
    backend.attention(query, over: step.cache, layer: plan.cacheLayer, parameters, into: attended)
    return attended
  }

  /// Projects what attention found for the current rows.
  func project(_ attended: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    innerNorm?.forward(attended, into: attended, step.backend)
    output.forward(attended, into: y, step)
  }

  /// Norms and turns queries or keys.
  private func prepare(_ x: Buffer, by norm: Norm?, _ step: borrowing ForwardStep) {
    norm?.forward(x, into: x, step.backend)
    guard let rope = plan.rope else { return }
    step.backend.rope(
      x, headDimension: plan.layout.keyDimension, table: step.arena.ropeTables[rope], pairing: pairing)
  }

  private func store(_ key: Buffer, _ value: Buffer, _ step: borrowing ForwardStep) {
    let (backend, layout) = (step.backend, plan.layout)
    if plan.value == nil {
      backend.copyHeads(key, heads: layout.kvHeads, from: 0..<layout.keyDimension, into: value, at: 0)
    }
    valueNorm?.forward(value, into: value, backend)
    prepare(key, by: keyNorm, step)
    backend.store(key, value, in: step.cache, layer: plan.cacheLayer)
  }
}
