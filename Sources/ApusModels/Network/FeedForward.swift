internal import ApusCore

/// A dense feed-forward layer: see `FeedForwardPlan`.
final class FeedForward {
  private let plan: FeedForwardPlan
  /// Gate, where there is one, and up.
  private let inner: Projections
  private let innerNorm: Norm?
  private let down: Projection

  init(_ plan: FeedForwardPlan, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    let parts = [plan.gate, plan.up].compactMap(\.self)
    inner = Projections(try parts.map { part throws(ModelError) in try Projection(part, weights) })
    innerNorm = try Norm(plan.innerNorm, weights)
    down = try Projection(plan.down, weights)
  }

  /// The layer of a plan, if there is one.
  convenience init?(_ plan: FeedForwardPlan?, _ weights: WeightMap) throws(ModelError) {
    guard let plan else { return nil }
    try self.init(plan, weights)
  }

  func forward(_ x: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    let (backend, arena) = (step.backend, step.arena)
    let up = arena(.up, plan.up.rows)
    if plan.gate != nil {
      let gate = arena(.gate, plan.up.rows)
      inner.forward(x, into: [gate, up], step)
      if let deviations = plan.gateDeviations { backend.sparsify(gate, deviations: deviations) }
      backend.gate(up, by: gate, plan.activation)
    } else {
      inner.forward(x, into: [up], step)
      backend.activate(up, plan.activation)
    }
    innerNorm?.forward(up, into: up, backend)
    down.forward(up, into: y, step)
  }
}
