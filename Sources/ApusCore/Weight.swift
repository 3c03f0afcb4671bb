/// Where a weight lies: a byte range of a mapped file, and how to read it.
package struct WeightSource: Sendable {
  package let name: String
  package let file: MappedFile
  package let byteOffset: Int
  package let format: TensorFormat
  /// Matrices in a stack (experts, heads); 1 for a matrix or a vector.
  package let count: Int
  /// Output features of one matrix; 1 for a vector.
  package let rows: Int
  /// Input features: the contiguous dimension.
  package let columns: Int
  /// Bytes from one matrix of a stack to the next: more than a matrix where this is a slice of the rows of each.
  package var matrixStride: Int
  /// What its zeros can mean.
  package var role = WeightRole.matrix

  package init(
    name: String, file: MappedFile, byteOffset: Int, format: TensorFormat, count: Int = 1, rows: Int, columns: Int
  ) {
    self.name = name
    self.file = file
    self.byteOffset = byteOffset
    self.format = format
    self.count = count
    self.rows = rows
    self.columns = columns
    matrixStride = rows * (columns / format.blockElements * format.blockByteCount)
  }

  /// Some rows of each matrix.
  package func slice(rows part: Range<Int>) -> WeightSource {
    var slice = WeightSource(
      name: name, file: file, byteOffset: byteOffset + part.lowerBound * rowByteCount, format: format, count: count,
      rows: part.count, columns: columns)
    slice.matrixStride = matrixStride
    slice.role = role
    return slice
  }

  /// Bytes of one row.
  ///
  /// The GGUF reader has checked that rows are whole quant blocks.
  package var rowByteCount: Int { columns / format.blockElements * format.blockByteCount }
  /// Bytes of one matrix.
  package var matrixByteCount: Int { rows * rowByteCount }
  package var byteCount: Int { count * matrixByteCount }
}

/// A parameter tensor `[rows, columns]`, or a stack of `count` of them, as a backend holds it.
package final class Weight {
  package let name: String
  package let format: TensorFormat
  package let count: Int
  package let rows: Int
  package let columns: Int
  /// The backend's own: where the values are.
  package let storage: AnyObject
  /// The backend that made it.
  package let owner: ObjectIdentifier

  /// Called by a backend.
  package init(_ source: WeightSource, storage: AnyObject, owner: any Backend) {
    name = source.name
    format = source.format
    count = source.count
    self.owner = ObjectIdentifier(owner)
    rows = source.rows
    columns = source.columns
    self.storage = storage
  }
}
