/// A GGUF tensor type that exists and that Apus cannot compute with yet.
///
/// Its size is known, so that a file that holds such tensors can be listed and checked.
package struct UnsupportedFormat: Sendable, Hashable {
  package let name: String
  /// The type id in a GGUF tensor entry.
  package let ggufType: UInt32
  package let blockElements: Int
  package let blockByteCount: Int

  /// All such types; sizes from `ggml-common.h` and gguf-py's `GGML_QUANT_SIZES`.
  package static let all: [UnsupportedFormat] = [
    .init(9, "Q8_1", 32, 36), .init(15, "Q8_K", 256, 292),
    int8, .init(25, "I16", 1, 2), .init(26, "I32", 1, 4), .init(27, "I64", 1, 8),
    .init(28, "F64", 1, 8),
  ]

  /// Bytes.
  package static let int8 = UnsupportedFormat(24, "I8", 1, 1)

  private static let byType = Dictionary(uniqueKeysWithValues: all.map { ($0.ggufType, $0) })

  /// The format with that type id; nil if there is none, or if it is one of `TensorFormat`.
  package init?(ggufType: UInt32) {
    guard let format = Self.byType[ggufType] else { return nil }
    self = format
  }

  private init(_ ggufType: UInt32, _ name: String, _ blockElements: Int, _ blockByteCount: Int) {
    self.ggufType = ggufType
    self.name = name
    self.blockElements = blockElements
    self.blockByteCount = blockByteCount
  }
}
