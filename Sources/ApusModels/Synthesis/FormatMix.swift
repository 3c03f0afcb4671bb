package import ApusCore

/// Which tensor format each matrix of a file gets: one for all but a few, as llama.cpp's `llama-quantize` has them.
///
/// A format's own name gives that format to all matrices but the output. The mixes give some matrices more bits;
/// MXFP4_MOE, what gpt-oss is published in, gives MXFP4 to experts and Q8_0 to all else.
package enum FormatMix: String, CaseIterable, Sendable {
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
  case q3_K_M = "Q3_K_M"
  case q4_K = "Q4_K"
  case q4_K_S = "Q4_K_S"
  case q4_K_M = "Q4_K_M"
  case q5_K = "Q5_K"
  case q5_K_M = "Q5_K_M"
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
  case mxfp4_moe = "MXFP4_MOE"
  case nvfp4 = "NVFP4"
  case tq1_0 = "TQ1_0"
  case tq2_0 = "TQ2_0"
  case q1_0 = "Q1_0"
  case q2_0 = "Q2_0"

  /// The mix with that name, in whatever case.
  package init?(name: String) { self.init(rawValue: name.uppercased()) }

  /// The name that people give, for example `Q4_K_M`.
  package var name: String { rawValue }

  /// The number that llama.cpp has for files of this mix (`LLAMA_FTYPE`), and the format of most matrices.
  private var row: (fileType: UInt32, format: TensorFormat) {
    switch self {
    case .f32: (0, .f32)
    case .f16: (1, .f16)
    case .q4_0: (2, .q4_0)
    case .q4_1: (3, .q4_1)
    case .q8_0: (7, .q8_0)
    case .q5_0: (8, .q5_0)
    case .q5_1: (9, .q5_1)
    case .q2_K: (10, .q2_K)
    case .q3_K: (11, .q3_K)
    case .q3_K_M: (12, .q3_K)
    case .q4_K, .q4_K_S: (14, .q4_K)
    case .q4_K_M: (15, .q4_K)
    case .q5_K: (16, .q5_K)
    case .q5_K_M: (17, .q5_K)
    case .q6_K: (18, .q6_K)
    case .iq4_nl: (25, .iq4_nl)
    case .iq4_xs: (30, .iq4_xs)
    case .bf16: (32, .bf16)
    case .iq1_s: (24, .iq1_s)
    case .iq1_m: (31, .iq1_m)
    case .iq2_xxs: (19, .iq2_xxs)
    case .iq2_xs: (20, .iq2_xs)
    case .iq2_s: (28, .iq2_s)
    case .iq3_xxs: (23, .iq3_xxs)
    case .iq3_s: (26, .iq3_s)
    case .mxfp4, .mxfp4_moe: (38, .mxfp4)
    case .nvfp4: (39, .nvfp4)
    case .tq1_0: (36, .tq1_0)
    case .tq2_0: (37, .tq2_0)
    case .q1_0: (40, .q1_0)
    case .q2_0: (41, .q2_0)
    }
  }

  /// The value of `general.file_type`.
  package var fileType: UInt32 { row.fileType }
}

extension FormatMix {
  /// What a matrix is for, as far as its format depends on it.
  package enum Role: Sendable, Equatable {
    case embedding
    /// The projection to logits, or an embedding that serves for it.
    case output
    case attentionValue(layer: Int)
    case attentionOutput
    case feedForwardDown(layer: Int)
    /// A matrix of the experts of a layer, all of them.
    case experts
    /// Any other matrix of a layer.
    case other
  }

  /// The format of a matrix with rows of `columns` elements, in a model of `layers` layers.
  package func format(_ role: Role, layers: Int, columns: Int) -> TensorFormat {
    let wanted = wantedFormat(role, layers: layers)
    return columns.isMultiple(of: wanted.blockElements) ? wanted : wanted.fallback
  }

  private func wantedFormat(_ role: Role, layers: Int) -> TensorFormat {
    let format = row.format
    if role == .output, self != .mxfp4_moe { return format.isDense || format == .q8_0 ? format : .q6_K }
    switch self {
    case .q3_K_M: return q3_K_M(role, layers: layers)
    case .q4_K_S: return q4_K_S(role, layers: layers)
    case .q4_K_M, .q5_K_M: return hasMoreBits(role, layers: layers) ? .q6_K : format
    case .mxfp4_moe: return role == .experts ? format : .q8_0
    default: return format
    }
  }

  private func q3_K_M(_ role: Role, layers: Int) -> TensorFormat {
    switch role {
    case .attentionValue(let layer): layer < 2 ? .q5_K : .q4_K
    case .feedForwardDown(let layer): layer < layers / 16 ? .q5_K : .q4_K
    case .attentionOutput: .q4_K
    default: .q3_K
    }
  }

  private func q4_K_S(_ role: Role, layers: Int) -> TensorFormat {
    switch role {
    case .attentionValue(let layer): layer < 4 ? .q5_K : .q4_K
    case .feedForwardDown(let layer): layer < layers / 8 ? .q5_K : .q4_K
    default: .q4_K
    }
  }

  /// Whether the _M mixes give this matrix more bits: values and down projections in the first and last eighth of the
  /// layers and in each third one between.
  private func hasMoreBits(_ role: Role, layers: Int) -> Bool {
    switch role {
    case .attentionValue(let layer), .feedForwardDown(let layer):
      let eighth = layers / 8
      return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
    default: return false
    }
  }
}

extension TensorFormat {
  /// What takes the place of a format whose quant blocks do not fill a row: one with quant blocks of 32.
  fileprivate var fallback: TensorFormat {
    switch self {
    case .q2_K, .q3_K: .q4_0
    case .q4_K: .q5_0
    case .q5_K: .q5_1
    case .q6_K: .q8_0
    case .iq4_xs, .iq3_s, .iq3_xxs, .iq2_s, .iq2_xs, .iq2_xxs, .iq1_m, .iq1_s: .iq4_nl
    case .tq1_0, .tq2_0, .q1_0, .q2_0: .q4_0
    case .nvfp4: .mxfp4
    case .f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_nl, .mxfp4: self
    }
  }
}
