internal import ApusCore

/// A network with its weights: walks the layers of its plan.
final class Network {
  private let plan: NetworkPlan
  private let table: Weight
  private let positions: Weight?
  private let types: Weight?
  private let embeddingNorm: Norm?
  private let layerInputs: LayerInputs?
  private let streams: Streams?
  let ropes: [RopeParameters]
  private let layers: [Layer]
  private let outputNorm: Norm?
  let head: Head

  /// What comes behind the final norm.
  enum Head {
    case logits(LogitsHead)
    case pooled(PooledHead)
  }

  /// Takes all weights of the plan; sequences have at most `contextLength` positions.
  init(_ plan: NetworkPlan, contextLength: Int, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    table = try weights.weight(plan.embedding.table)
    positions = try weights.weight(plan.embedding.positions)
    types = try weights.weight(plan.embedding.types)
    embeddingNorm = try Norm(plan.embedding.norm, weights)
    layerInputs = try plan.embedding.layerInputs.map { plan throws(ModelError) in try LayerInputs(plan, weights) }
    streams = try plan.streams.map { plan throws(ModelError) in try Streams(plan, weights) }
    ropes = try plan.ropes.map { rope throws(ModelError) in
      try Self.parameters(of: rope, contextLength: contextLength, weights)
    }
    var layers: [Layer] = []
    for (index, layer) in plan.layers.enumerated() {
      layers.append(try Layer(layer, index: index, ropes: plan.ropes, weights))
    }
    self.layers = layers
    outputNorm = try Norm(plan.output.norm, weights)
    switch plan.output.head {
    case .logits(let plan): head = .logits(try LogitsHead(plan, weights))
    case .pooled(let plan): head = .pooled(try PooledHead(plan, weights))
    }
    try weights.finish(unused: plan.unusedTensors)
  }

  /// Both tables of LongRoPE are taken, so that the file has no tensor left over; one is used.
  private static func parameters(
    of rope: RopePlan, contextLength: Int, _ weights: WeightMap
  ) throws(ModelError) -> RopeParameters {
    var divisors = try rope.divisors.map { plan throws(ModelError) in try weights.values(plan, positive: true) }
    if let long = rope.longDivisors {
      let values = try weights.values(long.tensor, positive: true)
      if contextLength > long.beyond { divisors = values }
    }
    return rope.configuration.parameters(divisors: divisors)
  }

  /// One step over all layers, up to the final norm: the normed activations of `step.keptRows`, if there are any, are
  /// in the buffer that is returned.
  func forward(_ step: borrowing ForwardStep) -> Buffer? {
    let (backend, arena) = (step.backend, step.arena)
    embed(step)
    for (rope, table) in zip(ropes, arena.ropeTables) {
      table.reshape(rows: arena.rows, columns: table.columns)
      backend.ropeTable(rope, into: table)
    }
    for (index, layer) in layers.enumerated() {
      guard layer.forward(step, isLast: index == layers.count - 1) else { return nil }
    }
    streams?.end(step)
    guard let outputNorm else { return step.stream }
    let normed = arena(.normed, plan.hiddenSize)
    outputNorm.forward(step.stream, into: normed, backend)
    return normed
  }

  private func embed(_ step: borrowing ForwardStep) {
    let (backend, stream) = (step.backend, step.stream)
    backend.embed(step.tokens, from: table, into: stream)
    backend.scale(stream, by: plan.embedding.scale)
    add(positions, rows: step.positions, step)
    add(types, rows: [Token](repeating: 0, count: step.tokens.count), step)
    embeddingNorm?.forward(stream, into: stream, backend)
    layerInputs?.forward(step)
    streams?.begin(step)
  }

  /// Adds rows of a table to the stream, if there is one.
  private func add(_ table: Weight?, rows: [Token], _ step: borrowing ForwardStep) {
    guard let table else { return }
    let values = step.arena(.positions, plan.hiddenSize)
    step.backend.embed(rows, from: table, into: values)
    step.backend.add(values, to: step.stream)
  }
}

/// The projection from activations to logits.
struct LogitsHead {
  private let plan: LogitsPlan
  private let projection: Projection

  init(_ plan: LogitsPlan, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    projection = try Projection(plan.projection, weights)
  }

  func forward(_ x: Buffer, into logits: Buffer, _ backend: any Backend, _ adapters: StepAdapters?) {
    projection.forward(x, into: logits, backend, adapters)
    backend.scale(logits, by: plan.scale)
    if let cap = plan.cap { backend.cap(logits, at: cap) }
  }
}
