internal import ApusCore

/// A routed feed-forward layer: see `ExpertsPlan`.
final class Experts {
  private let plan: ExpertsPlan
  private let router: Projection
  private let selectionBias: Weight?
  private let weights: ExpertWeights
  private let shared: FeedForward?
  private let sharedGate: Projection?

  init(_ plan: ExpertsPlan, _ map: WeightMap) throws(ModelError) {
    self.plan = plan
    router = try Projection(plan.router, map)
    selectionBias = try map.weight(plan.selectionBias)
    var weights = ExpertWeights(
      gate: try map.weight(plan.gate), up: try map.weight(plan.up), down: try map.weight(plan.down),
      activation: plan.activation)
    weights.gateBias = try map.weight(plan.gateBias)
    weights.upBias = try map.weight(plan.upBias)
    weights.downBias = try map.weight(plan.downBias)
    weights.gateFactors = try map.weight(plan.gateFactors)
    weights.upFactors = try map.weight(plan.upFactors)
    weights.downFactors = try map.weight(plan.downFactors)
    self.weights = weights
    shared = try FeedForward(plan.shared, map)
    sharedGate = try Projection(plan.sharedGate, map)
  }

  func forward(_ x: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    forward(x, routedBy: x, into: y, step)
  }

  /// Experts chosen by `routerInput` work on `x`.
  func forward(_ x: Buffer, routedBy routerInput: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    let (backend, arena) = (step.backend, step.arena)
    guard let routing = arena.routing else { preconditionFailure("a plan with experts has room for their choice") }
    let logits = arena(.router, plan.experts)
    router.forward(routerInput, into: logits, step)
    backend.route(logits, plan.rule, bias: selectionBias, into: routing)
    backend.experts(x, routing, weights, batchRows: arena.batchRows, into: y)
    guard let shared else { return }
    let result = arena(.shared, y.columns)
    shared.forward(x, into: result, step)
    if let sharedGate {
      let factor = arena(.sharedGate, 1)
      sharedGate.forward(x, into: factor, step)
      backend.gate(result, by: factor, .sigmoid)
    }
    backend.add(result, to: y)
  }
}

/// A dense layer and experts side by side: see `DenseAndExpertsPlan`.
final class DenseAndExperts {
  private let plan: DenseAndExpertsPlan
  private let dense: FeedForward
  private let denseNorm: Norm
  private let routerNorm: Norm
  private let expertsInputNorm: Norm
  private let experts: Experts
  private let expertsNorm: Norm

  init(_ plan: DenseAndExpertsPlan, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    dense = try FeedForward(plan.dense, weights)
    denseNorm = try Norm(plan.denseNorm, weights)
    routerNorm = try Norm(plan.routerNorm, weights)
    expertsInputNorm = try Norm(plan.expertsInputNorm, weights)
    experts = try Experts(plan.experts, weights)
    expertsNorm = try Norm(plan.expertsNorm, weights)
  }

  /// `x` is the normed stream, which the dense layer reads; router and experts norm the stream themselves.
  func forward(_ x: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    let (backend, stream) = (step.backend, step.stream)
    dense.forward(x, into: y, step)
    denseNorm.forward(y, into: y, backend)
    let routerInput = step.arena(.normedAgain, step.hiddenSize)
    routerNorm.forward(stream, into: routerInput, backend)
    backend.scale(routerInput, by: plan.routerScale)
    expertsInputNorm.forward(stream, into: x, backend)
    let result = step.arena(.shared, step.hiddenSize)
    experts.forward(x, routedBy: routerInput, into: result, step)
    expertsNorm.forward(result, into: result, backend)
    backend.add(result, to: y)
  }
}
