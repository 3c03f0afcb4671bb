// Q2_0: 64 elements in 18 bytes.
//
//   offset  bytes  field
//        0      2  scale d, F16
//        2     16  quants, two bits each: element i in byte i / 4 at bit 2 · (i % 4)
//
//   value = d · (quant - 1)

/// Two bits: -1, 0, 1 and 2.
enum Q2_0 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for i in 0..<64 {
      values[start + i] = d * (Float(block.uint8(at: 2 + i / 4) >> UInt8(2 * (i % 4)) & 3) - 1)
    }
  }
}
