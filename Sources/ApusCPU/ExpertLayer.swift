internal import ApusCore

/// Rows of a small table as floats, one for each expert.
@unsafe struct CPUVectors {
  let values: UnsafePointer<Float>
  let stride: Int

  subscript(expert: Int) -> UnsafePointer<Float> { unsafe values + expert * stride }
}

/// A matrix of each expert, and what is done to its product.
@safe struct ExpertMatrices {
  let weight: CPUWeight
  @unsafe let bias: CPUVectors?
  @unsafe let factors: CPUVectors?

  var rows: Int { weight.rows }
  var columns: Int { weight.columns }
  var isDense: Bool { weight.format.isDense }

  /// Rows that kernels take at once.
  var rowsAtOnce: Int { isDense ? 64 : 32 }

}

extension Kernels {
  /// Some outputs of an expert's matrix, with its factor and bias, for `n` rows of activations.
  ///
  /// The first of the outputs goes to the beginning of y, whose rows lie `yStride` values apart.
  func product(
    _ matrices: ExpertMatrices, expert: Int, outputs: Range<Int>, n: Int, values: UnsafePointer<Float>,
    quantized: QuantizedRows?, into y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    let weight = matrices.weight
    let operands = unsafe Matmul(
      format: weight.format, weights: CPUMatrix(weight: weight, index: expert).row(0),
      rowByteCount: weight.rowByteCount, k: weight.columns, n: n, values: values, quantized: quantized,
      y: y - outputs.lowerBound, yStride: yStride)
    unsafe matmul(operands, rows: outputs)
    unsafe adjust(matrices, expert: expert, y, rows: n, stride: yStride, outputs: outputs)
  }

  /// Multiplies some rows of products by their expert's factor, and adds its bias; they lie `stride` values apart.
  private func adjust(
    _ matrices: ExpertMatrices, expert: Int, _ values: UnsafeMutablePointer<Float>, rows: Int, stride: Int,
    outputs: Range<Int>
  ) {
    for row in 0..<rows {
      let products = unsafe values + row * stride
      if let factor = unsafe matrices.factors?[expert][0] {
        for index in 0..<outputs.count { unsafe products[index] *= factor }
      }
      if let bias = unsafe matrices.bias?[expert] {
        unsafe add(bias + outputs.lowerBound, to: products, count: outputs.count)
      }
    }
  }
}

/// The weights of a routed feed-forward layer as this backend has them.
@safe struct ExpertLayer {
  let gate: ExpertMatrices?
  let up: ExpertMatrices
  let down: ExpertMatrices
  let activation: Activation

  var hidden: Int { down.rows }
  var inner: Int { down.columns }
  /// The matrices that read the layer's input, in the order of their products.
  var first: [ExpertMatrices] { gate.map { [$0, up] } ?? [up] }
  var all: [ExpertMatrices] { first + [down] }
}

extension CPUWeight {
  /// The rows of a small table as floats; decodes them when they are first asked for.
  @unsafe func vectors(_ kernels: Kernels) throws(BackendError) -> CPUVectors {
    if format == .f32 {
      let first = unsafe UnsafeRawPointer(CPUMatrix(weight: self, index: 0).row(0))
      let stride = source.count > 1 ? source.matrixStride / 4 : columns
      return unsafe CPUVectors(values: first.assumingMemoryBound(to: Float.self), stride: stride)
    }
    if table == nil {
      let table = try AlignedBuffer(byteCount: source.count * rows * columns * 4, for: name)
      let values = unsafe table.pointer.assumingMemoryBound(to: Float.self)
      for (index, matrix) in matrices.enumerated() {
        for row in 0..<rows {
          unsafe kernels.decode(
            format, matrix.row(row), count: columns, into: values + (index * rows + row) * columns)
        }
      }
      self.table = consume table
    }
    guard let pointer = unsafe table?.pointer else { throw .outOfMemory(what: name, byteCount: 0) }
    return unsafe CPUVectors(values: pointer.assumingMemoryBound(to: Float.self), stride: columns)
  }
}
