internal import ApusCore

/// Scales of MXFP4 and NVFP4: floats of one byte, few of which are near any number that is wanted.
///
/// So each scale takes over what the ones before it were too large or too small, and all together have the variance.
struct FloatScales {
  /// Scales in a quant block; they are its first bytes.
  private let perBlock: Int
  /// What a byte stands for, half of the scale, as the levels of E2M1 are doubled.
  private let halves: [Double]

  /// Nil for formats with other scales.
  init?(_ format: TensorFormat) {
    switch format {
    case .mxfp4:
      perBlock = 1
      halves = (0...252).map { Double(sign: .plus, exponent: $0 - 128, significand: 1) }
    case .nvfp4:
      perBlock = 4
      halves = (0..<127).map { bits in
        let (exponent, fraction) = (bits >> 3, Double(bits & 7) / 8)
        return exponent == 0
          ? fraction / 128 : Double(sign: .plus, exponent: exponent - 8, significand: 1 + fraction)
      }
    default: return nil
    }
  }

  /// Variants whose weights have this deviation.
  func variants(_ format: TensorFormat, deviation: Double) -> BlockVariants {
    let count = 256
    // The mean square of the doubled levels.
    let wanted = deviation * deviation / 34.25
    var missing = 0.0
    var bytes = [UInt8](repeating: 0, count: count * format.blockByteCount)
    for number in 0..<count {
      for scale in 0..<perBlock {
        // Evenly spread, from 1/8 to 15/8 of the mean.
        missing += wanted * (Double((number + scale) % 8) + 0.5) / 4
        // Not far below: the scales of real files are alike, and numbers near zero are slow to compute with.
        let bits = nearest(to: max(missing, wanted / 64))
        missing -= halves[bits] * halves[bits]
        bytes[number * format.blockByteCount + scale] = UInt8(bits)
      }
    }
    return BlockVariants(count: count, fields: (0..<perBlock, 0..<0), bytes: bytes)
  }

  /// The byte whose square is nearest.
  private func nearest(to square: Double) -> Int {
    guard let above = halves.firstIndex(where: { $0 * $0 >= square }), above > 0 else { return 0 }
    let (low, high) = (halves[above - 1], halves[above])
    return square - low * low < high * high - square ? above - 1 : above
  }
}
