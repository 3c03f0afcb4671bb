// Q5_0: 32 elements in 22 bytes.
//
//   offset  bytes  field
//        0      2  scale d, F16
//        2      4  fifth bits: bit i of a 32-bit number belongs to element i
//        6     16  low four bits: byte j holds element j in its low nibble, element j + 16 in its high nibble
//
//   value = (quant - 16) · d
//
// Encoding maps the element farthest from zero to quant 0: d = peak / -16.

/// Five bits, symmetric.
enum Q5_0 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    let fifthBits = block.uint32(at: 2)
    for i in 0..<32 {
      let low = Int(block.nibble(at: 6 + i % 16, half: i / 16))
      let high = Int(fifthBits >> UInt32(i) & 1)
      values[start + i] = Float((low | high << 4) - 16) * d
    }
  }

  static func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>, at start: Int) throws(ScaleOverflow) {
    let scale = try BlockScale(values.peak / -16)
    bytes.store(scale.bits, at: start)
    var fifthBits: UInt32 = 0
    for j in 0..<16 {
      let low = quant(values[j], scale)
      let high = quant(values[j + 16], scale)
      fifthBits |= UInt32(low >> 4) << UInt32(j) | UInt32(high >> 4) << UInt32(j + 16)
      bytes.store(low & 0xF | high << 4, at: start + 6 + j)
    }
    bytes.store(fifthBits, at: start + 2)
  }

  /// The nearest of the 32 levels.
  private static func quant(_ value: Float, _ scale: BlockScale) -> UInt8 {
    UInt8(min(max(value * scale.inverse + 16.5, 0), 31))
  }
}
