// Q2_K: 256 elements in 84 bytes: 16 sub-blocks of 16 elements.
//
//   offset  bytes  field
//        0     16  byte s holds the scale of sub-block s in its low nibble, its min in the high nibble
//       16     64  quants, two bits each: element i of a half of 128 elements is in byte i % 32 of that half's
//                  32 bytes, at bit 2 · (i / 32)
//       80      2  scale of the scales d, F16
//       82      2  scale of the mins dmin, F16
//
//   value = (d · scale) · quant - dmin · min

/// Two bits over a min.
enum Q2_K {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 80)
    let dmin = block.f16(at: 82)
    for subBlock in 0..<16 {
      let scale = d * Float(block.nibble(at: subBlock, half: 0))
      let min = dmin * Float(block.nibble(at: subBlock, half: 1))
      for i in subBlock * 16..<subBlock * 16 + 16 {
        values[start + i] = scale * Float(quant(i, in: block)) - min
      }
    }
  }

  private static func quant(_ i: Int, in block: RawSpan) -> UInt8 {
    let (half, inHalf) = i.quotientAndRemainder(dividingBy: 128)
    let byte = block.uint8(at: 16 + half * 32 + inHalf % 32)
    return byte >> UInt8(2 * (inHalf / 32)) & 3
  }
}
