// Q5_1: 32 elements in 24 bytes.
//
//   offset  bytes  field
//        0      2  scale d, F16
//        2      2  min m, F16
//        4      4  fifth bits: bit i of a 32-bit number belongs to element i
//        8     16  low four bits: byte j holds element j in its low nibble, element j + 16 in its high nibble
//
//   value = quant · d + m
//
// Encoding spreads the 32 levels from the smallest to the largest element: d = (largest - smallest) / 31.

/// Five bits over a min.
enum Q5_1 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    let m = block.f16(at: 2)
    let fifthBits = block.uint32(at: 4)
    for i in 0..<32 {
      let low = block.nibble(at: 8 + i % 16, half: i / 16)
      let high = UInt8(fifthBits >> UInt32(i) & 1)
      values[start + i] = Float(low | high << 4) * d + m
    }
  }

  static func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>, at start: Int) throws(ScaleOverflow) {
    let (least, greatest) = values.bounds
    let scale = try BlockScale((greatest - least) / 31)
    bytes.store(scale.bits, at: start)
    bytes.store(try BlockScale.f16Bits(least), at: start + 2)
    var fifthBits: UInt32 = 0
    for j in 0..<16 {
      let low = quant(values[j] - least, scale)
      let high = quant(values[j + 16] - least, scale)
      fifthBits |= UInt32(low >> 4) << UInt32(j) | UInt32(high >> 4) << UInt32(j + 16)
      bytes.store(low & 0xF | high << 4, at: start + 8 + j)
    }
    bytes.store(fifthBits, at: start + 4)
  }

  /// The nearest of the 32 levels.
  private static func quant(_ value: Float, _ scale: BlockScale) -> UInt8 {
    UInt8(min(max(value * scale.inverse + 0.5, 0), 31))
  }
}
