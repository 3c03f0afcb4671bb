// IQ4_XS: 256 elements in 136 bytes: 8 sub-blocks of 32 elements.
//
//   offset  bytes  field
//        0      2  scale of the scales d, F16
//        2      2  upper two bits of the scales: sub-block s at bit 2 · s of a 16-bit number
//        4      4  low four bits of the scales: sub-block s in byte s / 2, low nibble for even s, high for odd
//        8    128  quants, 16 bytes per sub-block: byte j holds element j in its low nibble, element j + 16 in its
//                  high nibble
//
//   value = (d · (scale - 32)) · level[quant], with the levels of IQ4_NL

/// Four bits that choose one of sixteen uneven levels, scales of six bits.
enum IQ4_XS {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    let upperBits = block.uint16(at: 2)
    for subBlock in 0..<8 {
      let low = Int(block.nibble(at: 4 + subBlock / 2, half: subBlock % 2))
      let high = Int(upperBits >> UInt16(2 * subBlock) & 3)
      let scale = d * Float((low | high << 4) - 32)
      for i in 0..<32 {
        let quant = block.nibble(at: 8 + subBlock * 16 + i % 16, half: i / 16)
        values[start + subBlock * 32 + i] = scale * IQ4_NL.level(quant)
      }
    }
  }
}
