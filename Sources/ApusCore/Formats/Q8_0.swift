// Q8_0: 32 elements in 34 bytes.
//
//   offset  bytes  field
//        0      2  scale d, F16
//        2     32  quants, signed bytes
//
//   value = quant · d
//
// Encoding: d = |peak| / 127, each quant rounded to the nearest, halves away from zero.

/// Eight bits, symmetric.
enum Q8_0 {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for i in 0..<32 { values[start + i] = Float(block.int8(at: 2 + i)) * d }
  }

  static func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>, at start: Int) throws(ScaleOverflow) {
    let scale = try BlockScale(values.peak.magnitude / 127)
    bytes.store(scale.bits, at: start)
    for i in 0..<32 {
      let level = (values[i] * scale.inverse).rounded(.toNearestOrAwayFromZero)
      bytes.store(Int8(min(max(level, -127), 127)), at: start + 2 + i)
    }
  }
}
