/// A causal convolution of each channel by itself, over a row's input and those before it in its sequence.
package struct Convolution {
  /// `[channels, taps]`: the last tap meets the row's own input, the first the oldest one.
  package var taps: Weight
  /// `[channels]`.
  package var bias: Weight?
  /// What is made of the sum; nil for nothing.
  package var activation: Activation?

  package init(taps: Weight, bias: Weight? = nil, activation: Activation? = nil) {
    self.taps = taps
    self.bias = bias
    self.activation = activation
  }
}
