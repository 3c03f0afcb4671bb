/// Where a weight lies: a byte range of a mapped file, and how to read it.
package struct WeightSource: Sendable {
  package let name: String
  package let file: MappedFile
  package let byteOffset: Int
  package let format: TensorFormat
  /// Output features; 1 for a vector.
  package let rows: Int
  /// Input features: the contiguous dimension.
  package let columns: Int
  /// What its zeros can mean.
  package var role = WeightRole.matrix

  package init(name: String, file: MappedFile, byteOffset: Int, format: TensorFormat, rows: Int, columns: Int) {
    self.name = name
    self.file = file
    self.byteOffset = byteOffset
    self.format = format
    self.rows = rows
    self.columns = columns
  }

  /// Bytes of one row.
  ///
  /// The GGUF reader has checked that rows are whole quant blocks.
  package var rowByteCount: Int { columns / format.blockElements * format.blockByteCount }
  package var byteCount: Int { rows * rowByteCount }
}

/// A parameter tensor `[rows, columns]` as a backend holds it.
package final class Weight {
  package let name: String
  package let format: TensorFormat
  package let rows: Int
  package let columns: Int
  /// The backend's own: where the values are.
  package let storage: AnyObject

  /// Called by a backend.
  package init(_ source: WeightSource, storage: AnyObject) {
    name = source.name
    format = source.format
    rows = source.rows
    columns = source.columns
    self.storage = storage
  }
}
