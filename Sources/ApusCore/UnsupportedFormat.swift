/// A GGUF tensor type that exists and that Apus cannot compute with yet: its size is known, so a file that
/// holds such tensors can be listed and checked.
package struct UnsupportedFormat: Sendable, Hashable {
  package let name: String
  package let blockElements: Int
  package let blockByteCount: Int

  /// All such types by type id; sizes from `ggml-common.h` and gguf-py's `GGML_QUANT_SIZES`.
  package static let byType: [UInt32: UnsupportedFormat] = [
    9: .init("Q8_1", 32, 36), 15: .init("Q8_K", 256, 292),
    16: .init("IQ2_XXS", 256, 66), 17: .init("IQ2_XS", 256, 74), 18: .init("IQ3_XXS", 256, 98),
    19: .init("IQ1_S", 256, 50), 21: .init("IQ3_S", 256, 110), 22: .init("IQ2_S", 256, 82),
    24: .init("I8", 1, 1), 25: .init("I16", 1, 2), 26: .init("I32", 1, 4), 27: .init("I64", 1, 8),
    28: .init("F64", 1, 8), 29: .init("IQ1_M", 256, 56),
    34: .init("TQ1_0", 256, 54), 35: .init("TQ2_0", 256, 66),
    39: .init("MXFP4", 32, 17), 40: .init("NVFP4", 64, 36), 41: .init("Q1_0", 128, 18),
  ]

  private init(_ name: String, _ blockElements: Int, _ blockByteCount: Int) {
    self.name = name
    self.blockElements = blockElements
    self.blockByteCount = blockByteCount
  }
}
