internal import ApusCore

/// A gated short convolution (LFM2): `output(outputGate(x) · convolve(inputGate(x) · input(x)))`.
package struct ConvolutionPlan: Sendable, HasTensors {
  var inputGate: ProjectionPlan
  var outputGate: ProjectionPlan
  var input: ProjectionPlan
  /// `[channels, taps]`, the last one for a token itself.
  var taps: TensorPlan
  var bias: TensorPlan?
  /// Number of its state: the inputs before the next token, one less than the taps.
  var state: Int
  var output: ProjectionPlan

  var channels: Int { taps.rows }
  var stateValues: Int { (taps.columns - 1) * channels }

  var parts: [any HasTensors] { [inputGate, outputGate, input, taps, bias] }
  var laterParts: [any HasTensors] { [output] }

  var columns: [BufferRole: Int] {
    [.mixerInput: channels, .inputGate: channels, .outputGate: channels, .attended: channels]
  }
}
