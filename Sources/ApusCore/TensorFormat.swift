/// How the elements of a tensor are stored: plain floats, or quant blocks that share scales.
///
/// Names, type ids and block sizes are those of the GGUF specification
/// (ggml `docs/gguf.md` and the block structs of `ggml-common.h`).
package enum TensorFormat: String, CaseIterable, Sendable, Hashable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case q4_0 = "Q4_0"
  case q4_1 = "Q4_1"
  case q5_0 = "Q5_0"
  case q5_1 = "Q5_1"
  case q8_0 = "Q8_0"
  case q2_K = "Q2_K"
  case q3_K = "Q3_K"
  case q4_K = "Q4_K"
  case q5_K = "Q5_K"
  case q6_K = "Q6_K"
  case iq4_nl = "IQ4_NL"
  case iq4_xs = "IQ4_XS"
  case iq1_s = "IQ1_S"
  case iq1_m = "IQ1_M"
  case iq2_xxs = "IQ2_XXS"
  case iq2_xs = "IQ2_XS"
  case iq2_s = "IQ2_S"
  case iq3_xxs = "IQ3_XXS"
  case iq3_s = "IQ3_S"
  case mxfp4 = "MXFP4"
  case nvfp4 = "NVFP4"
  case tq1_0 = "TQ1_0"
  case tq2_0 = "TQ2_0"
  case q1_0 = "Q1_0"
  case q2_0 = "Q2_0"

  /// The field's name of the format, for example `Q4_K`.
  package var name: String { rawValue }

  /// The type id in a GGUF tensor entry, elements per quant block, and bytes per quant block.
  private var row: (ggufType: UInt32, elements: Int, bytes: Int) {
    switch self {
    case .f32: (0, 1, 4)
    case .f16: (1, 1, 2)
    case .bf16: (30, 1, 2)
    case .q4_0: (2, 32, 18)
    case .q4_1: (3, 32, 20)
    case .q5_0: (6, 32, 22)
    case .q5_1: (7, 32, 24)
    case .q8_0: (8, 32, 34)
    case .q2_K: (10, 256, 84)
    case .q3_K: (11, 256, 110)
    case .q4_K: (12, 256, 144)
    case .q5_K: (13, 256, 176)
    case .q6_K: (14, 256, 210)
    case .iq4_nl: (20, 32, 18)
    case .iq4_xs: (23, 256, 136)
    case .iq1_s: (19, 256, 50)
    case .iq1_m: (29, 256, 56)
    case .iq2_xxs: (16, 256, 66)
    case .iq2_xs: (17, 256, 74)
    case .iq2_s: (22, 256, 82)
    case .iq3_xxs: (18, 256, 98)
    case .iq3_s: (21, 256, 110)
    case .mxfp4: (39, 32, 17)
    case .nvfp4: (40, 64, 36)
    case .tq1_0: (34, 256, 54)
    case .tq2_0: (35, 256, 66)
    case .q1_0: (41, 128, 18)
    case .q2_0: (42, 64, 18)
    }
  }

  package var ggufType: UInt32 { row.ggufType }
  /// Elements in one quant block; 1 for the dense formats.
  package var blockElements: Int { row.elements }
  /// Bytes of one quant block, or of one element for the dense formats.
  package var blockByteCount: Int { row.bytes }
  /// True for F32, F16 and BF16.
  package var isDense: Bool { blockElements == 1 }

  package init?(ggufType: UInt32) {
    guard let format = Self.allCases.first(where: { $0.ggufType == ggufType }) else { return nil }
    self = format
  }

  package init?(name: String) { self.init(rawValue: name.uppercased()) }

  /// Bytes of `count` elements, or nil where `count` is not whole quant blocks or the product overflows.
  package func byteCount(elements count: Int) -> Int? {
    guard count >= 0, count.isMultiple(of: blockElements) else { return nil }
    let (bytes, overflow) = (count / blockElements).multipliedReportingOverflow(by: blockByteCount)
    return overflow ? nil : bytes
  }
}
