// Q4_K: 256 elements in 144 bytes: 8 sub-blocks of 32 elements.
//
//   offset  bytes  field
//        0      2  scale of the scales d, F16
//        2      2  scale of the mins dmin, F16
//        4     12  six-bit scales and mins, see SubBlockScales.swift
//       16    128  quants: each 32 bytes hold two sub-blocks, the even one in the low nibbles, the odd one in the
//                  high nibbles
//
//   value = (d · scale) · quant - dmin · min

/// Four bits over a min, scales of six bits.
enum Q4_K {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    let dmin = block.f16(at: 2)
    for subBlock in 0..<8 {
      let packed = SubBlockScales.unpack(subBlock, in: block, at: 4)
      let scale = d * Float(packed.scale)
      let min = dmin * Float(packed.min)
      for j in 0..<32 {
        let quant = block.nibble(at: 16 + subBlock / 2 * 32 + j, half: subBlock % 2)
        values[start + subBlock * 32 + j] = scale * Float(quant) - min
      }
    }
  }
}
