// MXFP4 of the OCP Microscaling specification: 32 elements in 17 bytes.
//
//   offset  bytes  field
//        0      1  scale, E8M0: 2^(e - 127)
//        1     16  quants: byte j holds element j in its low nibble, element j + 16 in its high nibble
//
//   value = scale / 2 · level[quant]
//
// The levels are the sixteen numbers of E2M1, doubled, so that they are whole. The specification has NaN for e = 255;
// files are read as if that were a power of two as well.

/// Four bits of a tiny float, with a power of two for 32.
enum MXFP4 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let scale = halfScale(block.uint8(at: 0))
    for i in 0..<32 {
      values[start + i] = scale * level(block.nibble(at: 1 + i % 16, half: i / 16))
    }
  }

  /// Half of 2^(e - 127): the two smallest are subnormal.
  private static func halfScale(_ e: UInt8) -> Float {
    Float(bitPattern: e < 2 ? 0x0020_0000 << UInt32(e) : (UInt32(e) - 1) << 23)
  }

  /// Twice the E2M1 number of a quant (0...15); NVFP4 has the same.
  static func level(_ quant: UInt8) -> Float { levels[Int(quant)] }

  private static let levels: [Float] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]
}
