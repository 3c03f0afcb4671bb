// TQ1_0: 256 elements in 54 bytes.
//
//   offset  bytes  field
//        0     32  five digits a byte: element 32 · n + j is digit n of byte j
//       32     16  five digits a byte: element 160 + 16 · n + j is digit n of byte j
//       48      4  four digits a byte: element 240 + 4 · n + j is digit n of byte j
//       52      2  scale d, F16
//
//   value = d · (digit - 1)
//
// Digits have base three. A byte holds a fraction of 256, its first digit in front: times 3^n modulo 256 leaves digit n
// in front, which is the whole part of three times that.

/// -1, 0 and 1, five in a byte.
enum TQ1_0 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 52)
    for i in 0..<256 {
      let (byte, digit) = place(of: i)
      let fraction = block.uint8(at: byte) &* powers[digit]
      values[start + i] = d * (Float((Int(fraction) * 3) >> 8) - 1)
    }
  }

  private static func place(of element: Int) -> (byte: Int, digit: Int) {
    if element < 160 { return (element % 32, element / 32) }
    if element < 240 { return (32 + element % 16, (element - 160) / 16) }
    return (48 + element % 4, (element - 240) / 4)
  }

  private static let powers: [UInt8] = [1, 3, 9, 27, 81]
}
