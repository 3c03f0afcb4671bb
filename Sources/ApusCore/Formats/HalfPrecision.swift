// The two 16-bit float formats, converted by bits: Swift's `Float16` does not exist on Intel macOS.
//
//   F16   sign 1, exponent 5 (bias 15),  mantissa 10: IEEE 754 binary16
//   BF16  sign 1, exponent 8 (bias 127), mantissa 7:  the upper half of a Float

extension Float {
  /// The value of an F16 bit pattern; exact, and a NaN keeps its payload.
  package init(f16Bits bits: UInt16) {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let mantissa = UInt32(bits) & 0x3FF
    switch exponent {
    case 0:
      // Zero or subnormal: mantissa · 2⁻²⁴, which a Float holds exactly.
      self = Float(bitPattern: sign | (Float(mantissa) * 0x1p-24).bitPattern)
    case 31:
      self = Float(bitPattern: sign | 0x7F80_0000 | mantissa << 13)
    default:
      self = Float(bitPattern: sign | (exponent + 112) << 23 | mantissa << 13)
    }
  }

  /// The bit pattern of the nearest F16, ties to even; beyond 65,504 it is infinite, a NaN stays a NaN.
  package var f16Bits: UInt16 {
    let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
    let magnitude = bitPattern & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 {
      let payload = UInt16(truncatingIfNeeded: magnitude >> 13) & 0x3FF
      return sign | 0x7C00 | (payload == 0 ? 0x200 : payload)
    }
    // From 65,520 = 0x477FF000 on, halfway to the next power of two, everything rounds to infinity.
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
    if magnitude < 0x3880_0000 {
      // Below 2⁻¹⁴: a subnormal, in steps of 2⁻²⁴. Multiplying by a power of two is exact here.
      let steps = (Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven)
      return sign | UInt16(steps)
    }
    let roundToEven = 0xFFF + (magnitude >> 13 & 1)
    return sign | UInt16((magnitude + roundToEven - 112 << 23) >> 13)
  }

  /// The value of a BF16 bit pattern; exact.
  package init(bf16Bits bits: UInt16) {
    self.init(bitPattern: UInt32(bits) << 16)
  }

  /// The bit pattern of the nearest BF16, ties to even; a NaN becomes quiet and keeps its upper payload.
  package var bf16Bits: UInt16 {
    let bits = bitPattern
    if bits & 0x7FFF_FFFF > 0x7F80_0000 { return UInt16(bits >> 16) | 0x40 }
    let roundToEven = 0x7FFF + (bits >> 16 & 1)
    return UInt16((bits + roundToEven) >> 16)
  }
}
