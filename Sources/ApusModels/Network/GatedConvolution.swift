internal import ApusCore

/// A gated short convolution of one layer: see `ConvolutionPlan`.
final class GatedConvolution {
  private let plan: ConvolutionPlan
  /// Input gate, output gate and input.
  private let projections: Projections
  private let convolution: Convolution
  private let output: Projection

  init(_ plan: ConvolutionPlan, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    let parts = [plan.inputGate, plan.outputGate, plan.input]
    projections = Projections(try parts.map { part throws(ModelError) in try Projection(part, weights) })
    convolution = Convolution(taps: try weights.weight(plan.taps), bias: try weights.weight(plan.bias))
    output = try Projection(plan.output, weights)
  }

  /// Convolves; the result is gated and not yet projected.
  func convolve(_ x: Buffer, _ step: borrowing ForwardStep) -> Buffer {
    let (backend, arena, channels) = (step.backend, step.arena, plan.channels)
    let input = arena(.mixerInput, channels)
    let (inputGate, outputGate) = (arena(.inputGate, channels), arena(.outputGate, channels))
    projections.forward(x, into: [inputGate, outputGate, input], step)
    backend.multiply(input, by: inputGate)
    let convolved = arena(.attended, channels)
    backend.convolve(input, convolution, in: step.cache, state: plan.state, into: convolved)
    backend.multiply(convolved, by: outputGate)
    return convolved
  }

  /// Projects what was found for the current rows.
  func project(_ convolved: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    output.forward(convolved, into: y, step)
  }
}
