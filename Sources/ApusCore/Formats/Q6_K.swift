// Q6_K: 256 elements in 210 bytes: 16 sub-blocks of 16 elements.
//
//   offset  bytes  field
//        0    128  low four bits: element i of a half of 128 elements is in byte i % 64 of that half's 64 bytes,
//                  in the low nibble for i < 64, else in the high nibble
//      128     64  upper two bits: element i of a half is in byte i % 32 of that half's 32 bytes, at bit 2 · (i / 32)
//      192     16  scales of the sub-blocks, signed bytes
//      208      2  scale of the scales d, F16
//
//   value = (d · scale) · (quant - 32)

/// Six bits, symmetric.
enum Q6_K {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 208)
    for subBlock in 0..<16 {
      let scale = d * Float(block.int8(at: 192 + subBlock))
      for i in subBlock * 16..<subBlock * 16 + 16 {
        values[start + i] = scale * Float(quant(i, in: block) - 32)
      }
    }
  }

  private static func quant(_ i: Int, in block: RawSpan) -> Int {
    let (half, inHalf) = i.quotientAndRemainder(dividingBy: 128)
    let low = block.nibble(at: half * 64 + inHalf % 64, half: inHalf / 64)
    let high = block.uint8(at: 128 + half * 32 + inHalf % 32) >> UInt8(2 * (inHalf / 32)) & 3
    return Int(low | high << 4)
  }
}
