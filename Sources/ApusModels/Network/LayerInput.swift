internal import ApusCore

/// The inputs of all layers: see `LayerInputsPlan`.
struct LayerInputs {
  private let plan: LayerInputsPlan
  private let table: Weight
  private let projection: Projection
  private let norm: Norm

  init(_ plan: LayerInputsPlan, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    table = try weights.weight(plan.table)
    projection = try Projection(plan.projection, weights)
    norm = try Norm(plan.norm, weights)
  }

  /// Fills the buffer of all layers' inputs from the stream and the tokens.
  func forward(_ step: borrowing ForwardStep) {
    let (backend, columns) = (step.backend, plan.projection.rows)
    let inputs = step.arena(.layerInputs, columns)
    let embedded = step.arena(.layerEmbeddings, columns)
    projection.forward(step.stream, into: inputs, step)
    backend.scale(inputs, by: 1 / Float(step.hiddenSize).squareRoot())
    norm.forward(inputs, into: inputs, backend)
    backend.embed(step.tokens, from: table, into: embedded)
    backend.add(embedded, to: inputs, factor: Float(plan.width).squareRoot())
    backend.scale(inputs, by: Float(0.5).squareRoot())
  }
}

/// The input of one layer: see `LayerInputPlan`.
final class LayerInput {
  private let plan: LayerInputPlan
  private let gate: Projection
  private let projection: Projection
  private let norm: Norm
  /// Values of the inputs of all layers.
  private let columns: Int

  init(_ plan: LayerInputPlan, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    columns = plan.columns
    gate = try Projection(plan.gate, weights)
    projection = try Projection(plan.projection, weights)
    norm = try Norm(plan.norm, weights)
  }

  /// The inputs of all layers for the current rows.
  func inputs(_ step: borrowing ForwardStep) -> Buffer { step.arena(.layerInputs, columns) }

  /// Adds the input of `layer` to the stream.
  func forward(_ step: borrowing ForwardStep, layer: Int) {
    step.backend.add(result(of: step.stream, step, layer: layer), to: step.stream)
  }

  /// The input of `layer`, gated by x.
  func result(of x: Buffer, _ step: borrowing ForwardStep, layer: Int) -> Buffer {
    let (backend, width) = (step.backend, plan.gate.rows)
    let input = step.arena(.layerInput, width)
    let gated = step.arena(.layerGate, width)
    let result = step.arena(.projected, step.hiddenSize)
    backend.copyHeads(inputs(step), heads: 1, from: layer * width..<(layer + 1) * width, into: input, at: 0)
    gate.forward(x, into: gated, step)
    backend.gate(input, by: gated, plan.activation)
    projection.forward(input, into: result, step)
    norm.forward(result, into: result, backend)
    return result
  }
}
