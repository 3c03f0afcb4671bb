package import ApusCore

/// How the elements of a tensor in a file are stored: in a format that Apus computes with, or in another known one.
package enum GGUFTensorType: Sendable, Hashable {
  case supported(TensorFormat)
  case unsupported(UnsupportedFormat)

  /// Bytes that are no weights.
  package static let bytes = unsupported(.int8)

  /// The type of a GGUF type id; nil for an id that does not exist.
  package init?(id: UInt32) {
    if let format = TensorFormat(ggufType: id) {
      self = .supported(format)
    } else if let format = UnsupportedFormat(ggufType: id) {
      self = .unsupported(format)
    } else {
      return nil
    }
  }

  /// The type id in a tensor's entry.
  package var id: UInt32 {
    switch self {
    case .supported(let format): format.ggufType
    case .unsupported(let format): format.ggufType
    }
  }

  package var name: String {
    switch self {
    case .supported(let format): format.name
    case .unsupported(let format): format.name
    }
  }

  package var blockElements: Int {
    switch self {
    case .supported(let format): format.blockElements
    case .unsupported(let format): format.blockElements
    }
  }

  package var blockByteCount: Int {
    switch self {
    case .supported(let format): format.blockByteCount
    case .unsupported(let format): format.blockByteCount
    }
  }

  /// Elements and bytes of a tensor; nil where rows are not whole quant blocks or a product overflows.
  ///
  /// The one place where a tensor's size is computed; expects one or more dimensions, none below 1.
  func size(_ dimensions: [Int]) -> (elements: Int, bytes: Int)? {
    var rows = 1
    for dimension in dimensions.dropFirst() {
      let product = rows.multipliedReportingOverflow(by: dimension)
      guard !product.overflow else { return nil }
      rows = product.partialValue
    }
    guard dimensions[0].isMultiple(of: blockElements) else { return nil }
    let elements = dimensions[0].multipliedReportingOverflow(by: rows)
    let row = (dimensions[0] / blockElements).multipliedReportingOverflow(by: blockByteCount)
    let bytes = row.partialValue.multipliedReportingOverflow(by: rows)
    return elements.overflow || row.overflow || bytes.overflow ? nil : (elements.partialValue, bytes.partialValue)
  }
}

/// A tensor as the file lists it: name, shape, format and where its bytes lie.
///
/// All of it was checked when the file was opened.
package struct GGUFTensor: Sendable {
  package let name: String
  /// One to four, each at least 1, as in the file: the contiguous dimension first.
  package let dimensions: [Int]
  package let type: GGUFTensorType
  /// Which file of a split model holds it, from 0.
  package internal(set) var part = 0
  /// Where its bytes begin, from the start of that file.
  package let offset: Int
  package let byteCount: Int
  package let elementCount: Int

  /// Elements per row: the contiguous dimension.
  package var columns: Int { dimensions[0] }
  /// Rows: the product of the other dimensions; 1 for a vector.
  package var rows: Int { elementCount / columns }
  /// The format, if it is one that Apus computes with.
  package var format: TensorFormat? {
    if case .supported(let format) = type { format } else { nil }
  }
}
