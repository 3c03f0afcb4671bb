internal import ApusCore

/// One matrix of a stack; of a weight that is none, all of it.
@safe struct CPUMatrix {
  let weight: CPUWeight
  /// Which one of the stack.
  let index: Int

  /// Where it lies, as a weight of its own.
  var source: WeightSource { weight.source.matrix(index) }

  /// The first byte of `row`.
  @unsafe func row(_ row: Int) -> UnsafeRawPointer {
    let source = weight.source
    return unsafe source.file.pointer(
      at: source.byteOffset + index * source.matrixStride + row * source.rowByteCount)
  }

  /// The first row with a NaN or infinity among `rows`.
  func firstNonFinite(_ rows: Range<Int>) -> Int? {
    rows.first { unsafe Kernels.firstNonFinite(weight.format, row($0), blocks: weight.blocksPerRow) != nil }
  }

  /// The digest of `rows`, which are the matrix's part at `place`.
  func digest(_ rows: Range<Int>, place: Int) -> UInt64 {
    let span = unsafe RawSpan(_unsafeStart: row(rows.lowerBound), byteCount: rows.count * weight.rowByteCount)
    return contentDigest(of: span, at: place)
  }
}

extension WeightSource {
  /// One matrix of the stack.
  func matrix(_ index: Int) -> WeightSource {
    var matrix = WeightSource(
      name: name, file: file, byteOffset: byteOffset + index * matrixStride, format: format, rows: rows,
      columns: columns)
    matrix.role = role
    return matrix
  }
}

extension CPUWeight {
  /// All matrices of the stack.
  var matrices: [CPUMatrix] { (0..<source.count).map { CPUMatrix(weight: self, index: $0) } }
}
