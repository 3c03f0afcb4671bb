// Q4_1: 32 elements in 20 bytes.
//
//   offset  bytes  field
//        0      2  scale d, F16
//        2      2  min m, F16
//        4     16  quants: byte j holds element j in its low nibble, element j + 16 in its high nibble
//
//   value = quant · d + m
//
// Encoding spreads the 16 levels from the smallest to the largest element: d = (largest - smallest) / 15.

/// Four bits over a min.
enum Q4_1 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    let m = block.f16(at: 2)
    for i in 0..<32 {
      values[start + i] = Float(block.nibble(at: 4 + i % 16, half: i / 16)) * d + m
    }
  }

  static func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>, at start: Int) throws(ScaleOverflow) {
    let (least, greatest) = values.bounds
    let scale = try BlockScale((greatest - least) / 15)
    bytes.store(scale.bits, at: start)
    bytes.store(try BlockScale.f16Bits(least), at: start + 2)
    for j in 0..<16 {
      let low = quant(values[j] - least, scale)
      let high = quant(values[j + 16] - least, scale)
      bytes.store(low | high << 4, at: start + 4 + j)
    }
  }

  /// The nearest of the 16 levels.
  private static func quant(_ value: Float, _ scale: BlockScale) -> UInt8 {
    UInt8(min(max(value * scale.inverse + 0.5, 0), 15))
  }
}
