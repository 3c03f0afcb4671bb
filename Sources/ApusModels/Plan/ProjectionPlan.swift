internal import ApusCore

/// One matrix with an optional bias and an optional factor: `y = factor · (x · wᵀ) + b`.
struct ProjectionPlan: Sendable, HasTensors {
  var weight: TensorPlan
  var bias: TensorPlan?
  /// A tensor of one number (`<name>.scale`).
  var factor: TensorPlan?

  var rows: Int { weight.rows }
  var columns: Int { weight.columns }
  var parts: [any HasTensors] { [weight, bias, factor] }

  /// Some rows of it: a part of a fused projection.
  func slice(_ part: Range<Int>) -> ProjectionPlan {
    var slice = self
    slice.weight = weight.slice(part)
    if let bias {
      slice.bias?.columns = part.count
      slice.bias?.fileDimensions = bias.dimensions
      slice.bias?.firstRow = part.lowerBound
    }
    return slice
  }
}

/// A norm of the residual stream, of heads, or of what a sublayer adds.
struct NormPlan: Sendable, HasTensors {
  var parameters: NormParameters
  /// Nil for a norm that multiplies by nothing.
  var gain: TensorPlan?
  var bias: TensorPlan?

  var parts: [any HasTensors] { [gain, bias] }
}
