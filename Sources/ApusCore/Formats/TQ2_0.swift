// TQ2_0: 256 elements in 66 bytes.
//
//   offset  bytes  field
//        0     64  quants, two bits each: element i of a half of 128 elements is in byte i % 32 of that half's 32 bytes,
//                  at bit 2 · (i / 32)
//       64      2  scale d, F16
//
//   value = d · (quant - 1)

/// -1, 0 and 1, four in a byte.
enum TQ2_0 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 64)
    for i in 0..<256 {
      let (half, inHalf) = i.quotientAndRemainder(dividingBy: 128)
      let quant = block.uint8(at: 32 * half + inHalf % 32) >> UInt8(2 * (inHalf / 32)) & 3
      values[start + i] = d * (Float(quant) - 1)
    }
  }
}
