// Q3_K: 256 elements in 110 bytes: 16 sub-blocks of 16 elements.
//
//   offset  bytes  field
//        0     32  third bits: element i is in byte i % 32, at bit i / 32
//       32     64  low two bits: element i of a half of 128 elements is in byte i % 32 of that half's 32 bytes,
//                  at bit 2 · (i / 32)
//       96     12  scales, six bits each. Sub-block s has its low four bits in byte s % 8 (low nibble for s < 8,
//                  else high nibble) and its upper two in byte 8 + s % 4, at bit 2 · (s / 4)
//      108      2  scale of the scales d, F16
//
//   value = (d · (scale - 32)) · (quant - 4)

/// Three bits, symmetric.
enum Q3_K {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 108)
    for subBlock in 0..<16 {
      let scale = d * Float(scale(of: subBlock, in: block) - 32)
      for i in subBlock * 16..<subBlock * 16 + 16 {
        values[start + i] = scale * Float(quant(i, in: block) - 4)
      }
    }
  }

  private static func scale(of subBlock: Int, in block: RawSpan) -> Int {
    let low = block.nibble(at: 96 + subBlock % 8, half: subBlock / 8)
    let high = block.uint8(at: 104 + subBlock % 4) >> UInt8(2 * (subBlock / 4)) & 3
    return Int(low | high << 4)
  }

  private static func quant(_ i: Int, in block: RawSpan) -> Int {
    let (half, inHalf) = i.quotientAndRemainder(dividingBy: 128)
    let low = block.uint8(at: 32 + half * 32 + inHalf % 32) >> UInt8(2 * (inHalf / 32)) & 3
    let high = block.uint8(at: i % 32) >> UInt8(i / 32) & 1
    return Int(low | high << 2)
  }
}
