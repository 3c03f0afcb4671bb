internal import ApusCore

/// One matrix with an optional bias: `y = x · wᵀ + b`.
struct Projection {
  /// The one weight, as the array that `matmul` takes.
  private let weight: [Weight]
  private let bias: Weight?

  /// Takes `<name>.weight` of shape `[rows, columns]`, and `<name>.bias` where the file has it.
  init(_ weights: WeightMap, _ name: String, rows: Int, columns: Int) throws(ModelError) {
    weight = [try weights.matrix(name + ".weight", rows: rows, columns: columns)]
    bias = try weights.optionalBias(name + ".bias", count: rows)
  }

  /// `y` is the one result, as the array that `matmul` takes.
  func forward(_ x: Buffer, into y: [Buffer], _ backend: any Backend) {
    backend.matmul(x, weight, into: y)
    if let bias { backend.addBias(bias, to: y[0]) }
  }
}
