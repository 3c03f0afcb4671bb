internal import ApusCore

/// A tensor that a network needs: its name in files, its shape, and which rows of a step go through it.
package struct TensorPlan: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// A matrix, or a stack of them, in any format.
    case matrix
    /// A matrix with a row for each token of the vocabulary.
    case vocabulary
    /// Values of a vector in a dense format, none of which is expected to be zero: a norm's gain.
    case gain
    /// Values of a vector in a dense format: a bias, or anything else that may be zero.
    case bias
  }

  /// Which rows of a step go through a weight.
  package enum Use: Sendable, Equatable {
    case everyRow
    /// Rows whose result is wanted: behind the last attention no row depends on another.
    case keptRows
    /// One row of the tensor for each row of the step: a table.
    case table
    /// For each row, `used` matrices of the stack.
    case experts(used: Int, isKept: Bool)
  }

  package var name: String
  package var kind: Kind
  /// Matrices in a stack; 1 for a matrix or a vector.
  package var count = 1
  /// Output features of one matrix; 1 for a vector.
  package var rows: Int
  package var columns: Int
  /// Rows of one matrix in the file, of which this takes `rows` from `firstRow` on.
  package var fileRows: Int
  package var firstRow = 0
  /// Dimensions in the file where they are not those that follow from the shape.
  package var fileDimensions: [Int]?
  package var use = Use.everyRow

  package init(_ name: String, _ kind: Kind = .matrix, count: Int = 1, rows: Int = 1, columns: Int) {
    self.name = name
    self.kind = kind
    self.count = count
    self.rows = rows
    self.columns = columns
    fileRows = rows
  }

  /// Dimensions in the file, the contiguous one first.
  package var dimensions: [Int] { fileDimensions ?? [columns, fileRows, count] }

  /// Some rows of each matrix: a part of a fused tensor.
  package func slice(_ part: Range<Int>) -> TensorPlan {
    var slice = self
    slice.firstRow = firstRow + part.lowerBound
    slice.rows = part.count
    return slice
  }
}

/// A part of a plan that has tensors.
protocol HasTensors {
  /// All of them, in the order in which a step reads them.
  var tensors: [TensorPlan] { get }
  /// Sets the use of all of them but tables: they are behind the last attention, so that only kept rows reach them.
  mutating func keepOnly()
}

extension Optional: HasTensors where Wrapped: HasTensors {
  var tensors: [TensorPlan] { map(\.tensors) ?? [] }
  mutating func keepOnly() { self?.keepOnly() }
}

extension TensorPlan: HasTensors {
  var tensors: [TensorPlan] { [self] }

  mutating func keepOnly() {
    switch use {
    case .everyRow: use = .keptRows
    case .experts(let used, _): use = .experts(used: used, isKept: true)
    case .keptRows, .table: break
    }
  }
}
