// Q4_0: 32 elements in 18 bytes.
//
//   offset  bytes  field
//        0      2  scale d, F16
//        2     16  quants: byte j holds element j in its low nibble, element j + 16 in its high nibble
//
//   value = (quant - 8) · d
//
// Encoding maps the element farthest from zero to quant 0: d = peak / -8.

/// Four bits, symmetric.
enum Q4_0 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for i in 0..<32 {
      values[start + i] = Float(Int(block.nibble(at: 2 + i % 16, half: i / 16)) - 8) * d
    }
  }

  static func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>, at start: Int) throws(ScaleOverflow) {
    let scale = try BlockScale(values.peak / -8)
    bytes.store(scale.bits, at: start)
    for j in 0..<16 {
      bytes.store(quant(values[j], scale) | quant(values[j + 16], scale) << 4, at: start + 2 + j)
    }
  }

  /// The nearest of the 16 levels.
  private static func quant(_ value: Float, _ scale: BlockScale) -> UInt8 {
    UInt8(min(max(value * scale.inverse + 8.5, 0), 15))
  }
}
