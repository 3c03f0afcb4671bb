internal import ApusCore

/// One matrix with an optional factor and bias: `y = factor · (x · wᵀ) + b`, and what adapters add to it.
struct Projection {
  let weight: Weight
  /// Which of the network's projections it is: adapters have their matrices in this order.
  let number: Int
  private let factor: Float
  private let bias: Weight?

  init(_ plan: ProjectionPlan, _ weights: WeightMap) throws(ModelError) {
    weight = try weights.weight(plan.weight)
    number = weights.number(of: plan.weight)
    factor = try plan.factor.map { plan throws(ModelError) in try weights.values(plan)[0] } ?? 1
    bias = try weights.weight(plan.bias)
  }

  /// The projection of a plan, if there is one.
  init?(_ plan: ProjectionPlan?, _ weights: WeightMap) throws(ModelError) {
    guard let plan else { return nil }
    try self.init(plan, weights)
  }

  func forward(_ x: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    forward(x, into: y, step.backend, step.adapters)
  }

  func forward(_ x: Buffer, into y: Buffer, _ backend: any Backend, _ adapters: StepAdapters?) {
    backend.matmul(x, [weight], into: [y])
    finish(y, backend)
    adapters?.add(to: [y], of: [self], from: x)
  }

  /// What comes after the product.
  func finish(_ y: Buffer, _ backend: any Backend) {
    backend.scale(y, by: factor)
    if let bias { backend.addBias(bias, to: y) }
  }
}

/// Several matrices that read the same activations, multiplied together.
struct Projections {
  private let parts: [Projection]
  private let weights: [Weight]

  init(_ parts: [Projection]) {
    self.parts = parts
    weights = parts.map(\.weight)
  }

  var count: Int { parts.count }

  func forward(_ x: Buffer, into results: [Buffer], _ step: borrowing ForwardStep) {
    step.backend.matmul(x, weights, into: results)
    for (part, y) in zip(parts, results) { part.finish(y, step.backend) }
    step.adapters?.add(to: results, of: parts, from: x)
  }
}

/// A norm with its gain and bias, if it has them.
struct Norm {
  private let parameters: NormParameters
  private let gain: Weight?
  private let bias: Weight?

  init(_ plan: NormPlan, _ weights: WeightMap) throws(ModelError) {
    parameters = plan.parameters
    gain = try weights.weight(plan.gain)
    bias = try weights.weight(plan.bias)
  }

  /// The norm of a plan, if there is one.
  init?(_ plan: NormPlan?, _ weights: WeightMap) throws(ModelError) {
    guard let plan else { return nil }
    try self.init(plan, weights)
  }

  func forward(_ x: Buffer, into y: Buffer, _ backend: any Backend) {
    backend.norm(x, parameters, gain: gain, bias: bias, into: y)
  }
}
