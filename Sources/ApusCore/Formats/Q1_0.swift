// Q1_0: 128 elements in 18 bytes.
//
//   offset  bytes  field
//        0      2  scale d, F16
//        2     16  a bit for each element: element i in byte i / 8 at bit i % 8
//
//   value = d where the bit is set, else -d

/// One bit.
enum Q1_0 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for i in 0..<128 {
      values[start + i] = block.uint8(at: 2 + i / 8) >> UInt8(i % 8) & 1 == 0 ? -d : d
    }
  }
}
