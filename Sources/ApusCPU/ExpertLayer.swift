internal import ApusCore

// What threads need of a layer's weights, without references: counting them would have all threads take the same cache
// lines in turn.

/// Rows of a small table as floats, one for each expert.
@unsafe struct CPUVectors {
  let values: UnsafePointer<Float>
  let stride: Int

  subscript(expert: Int) -> UnsafePointer<Float> { unsafe values + expert * stride }
}

/// A matrix of each expert, and what is done to its product; the weight lives longer.
@safe struct ExpertMatrices {
  /// The first expert's matrix, and the bytes from one to the next.
  @unsafe private let first: UnsafeRawPointer
  private let stride: Int
  let format: TensorFormat
  let rows: Int
  let columns: Int
  let rowByteCount: Int
  @unsafe let bias: CPUVectors?
  @unsafe let factors: CPUVectors?

  init(_ weight: CPUWeight, bias: CPUVectors?, factors: CPUVectors?) {
    unsafe first = CPUMatrix(weight: weight, index: 0).row(0)
    stride = weight.source.matrixStride
    format = weight.format
    rows = weight.rows
    columns = weight.columns
    rowByteCount = weight.rowByteCount
    unsafe self.bias = bias
    unsafe self.factors = factors
  }

  var isDense: Bool { format.isDense }

  /// Rows that kernels take at once.
  var rowsAtOnce: Int { isDense ? 64 : 32 }

  /// The first byte of an expert's matrix.
  @unsafe func matrix(_ expert: Int) -> UnsafeRawPointer { unsafe first + expert * stride }
}

/// The weights of a routed feed-forward layer.
@safe struct ExpertLayer {
  let gate: ExpertMatrices?
  let up: ExpertMatrices
  let down: ExpertMatrices
  let activation: Activation

  var hidden: Int { down.rows }
  var inner: Int { down.columns }
  /// Whether a matrix that reads the layer's input takes it as floats, and whether one takes it as int8.
  var takesFloats: Bool { up.isDense || gate?.isDense == true }
  var takesInt8: Bool { !up.isDense || gate?.isDense == false }
  /// Bytes of one row of the matrices that read the layer's input.
  var firstRowByteCount: Int { up.rowByteCount + (gate?.rowByteCount ?? 0) }
}

extension Kernels {
  /// Some outputs of an expert's matrix, with its factor and bias, for `n` rows of activations.
  ///
  /// The first of the outputs goes to the beginning of y, whose rows lie `yStride` values apart.
  func product(
    _ matrices: ExpertMatrices, expert: Int, outputs: Range<Int>, n: Int, values: UnsafePointer<Float>,
    quantized: QuantizedRows?, into y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    let operands = unsafe Matmul(
      format: matrices.format, weights: matrices.matrix(expert), rowByteCount: matrices.rowByteCount,
      k: matrices.columns, n: n, values: values, quantized: quantized, y: y - outputs.lowerBound, yStride: yStride)
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
        unsafe scale(products, by: factor, count: outputs.count)
      }
      if let bias = unsafe matrices.bias?[expert] {
        unsafe add(bias + outputs.lowerBound, to: products, count: outputs.count)
      }
    }
  }
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
