// NVFP4: 64 elements in 36 bytes: 4 sub-blocks of 16 elements.
//
//   offset  bytes  field
//        0      4  scales of the sub-blocks, E4M3 (bias 7) without a sign: bit 7 counts for nothing
//        4     32  quants, 8 bytes per sub-block: byte j holds element j in its low nibble, element j + 8 in its high one
//
//   value = scale / 2 · level[quant], with the levels of MXFP4
//
// 127 is the NaN of E4M3; files are read as if it were zero. A tensor has a factor of its own beside its blocks.

/// Four bits of a tiny float, with a float of eight bits for 16.
enum NVFP4 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    for subBlock in 0..<4 {
      let scale = halfScale(block.uint8(at: subBlock))
      for i in 0..<16 {
        let quant = block.nibble(at: 4 + 8 * subBlock + i % 8, half: i / 8)
        values[start + 16 * subBlock + i] = scale * MXFP4.level(quant)
      }
    }
  }

  private static func halfScale(_ bits: UInt8) -> Float {
    guard bits != 127 else { return 0 }
    let (exponent, fraction) = (Int(bits >> 3 & 15), Float(bits & 7) / 8)
    return exponent == 0
      ? fraction * 0x1p-7 : (1 + fraction) * Float(sign: .plus, exponent: exponent - 8, significand: 1)
  }
}
