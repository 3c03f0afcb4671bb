internal import ApusCore

/// A tensor that a network needs: its name in files, its shape, and which rows of a step go through it.
package struct TensorPlan: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// A matrix, or a stack of them, in any format.
    case matrix
    /// A matrix with a row for each token of the vocabulary.
    case vocabulary
    /// Values of a vector in a dense format, which are never all zero: a norm's gain, or factors.
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
  package var use: Use

  package init(
    _ name: String, _ kind: Kind = .matrix, _ use: Use = .everyRow, count: Int = 1, rows: Int = 1, columns: Int
  ) {
    self.name = name
    self.kind = kind
    self.use = use
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

/// A part of a plan that has tensors: what its parts have.
protocol HasTensors {
  /// Parts that all rows go through.
  var parts: [any HasTensors] { get }
  /// Parts behind them, which in the last layer only rows go through whose result is wanted.
  var laterParts: [any HasTensors] { get }
  /// All tensors, in the order in which a step reads them; with `isLast` only kept rows go through the later parts.
  func tensors(isLast: Bool) -> [TensorPlan]
}

extension HasTensors {
  var laterParts: [any HasTensors] { [] }
  var tensors: [TensorPlan] { tensors(isLast: false) }

  func tensors(isLast: Bool) -> [TensorPlan] {
    let later = laterParts.flatMap(\.tensors)
    return parts.flatMap { $0.tensors(isLast: isLast) } + (isLast ? later.map(\.ofKeptRows) : later)
  }
}

extension Optional: HasTensors where Wrapped: HasTensors {
  var parts: [any HasTensors] { map { [$0] } ?? [] }
}

extension TensorPlan: HasTensors {
  var parts: [any HasTensors] { [] }
  func tensors(isLast: Bool) -> [TensorPlan] { [self] }

  /// The same where only kept rows go through it.
  fileprivate var ofKeptRows: TensorPlan {
    var plan = self
    switch use {
    case .everyRow: plan.use = .keptRows
    case .experts(let used, _): plan.use = .experts(used: used, isKept: true)
    case .keptRows, .table: break
    }
    return plan
  }
}
