// IQ3_S: 256 elements in 110 bytes: 8 sub-blocks of 32 elements.
//
//   offset  bytes  field
//        0      2  scale of the scales d, F16
//        2     64  low eight bits of the grid indices, 8 per sub-block
//       66      8  a byte per sub-block: the ninth bits of its indices
//       74     32  signs: element i in byte i / 8 at bit i % 8
//      106      4  four bits per sub-block, low nibble first: the scale s
//
//   value = (d · (2 · s + 1)) · grid[index] · sign, four elements for an index

/// Four elements of eight sizes by an index of nine bits, with all signs.
enum IQ3_S {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for i in 0..<256 {
      let (subBlock, four) = (i / 32, i / 4)
      let scale = d * Float(2 * block.nibble(at: 106 + subBlock / 2, half: subBlock % 2) + 1)
      let upper = UInt16(block.uint8(at: 66 + subBlock) >> UInt8(four % 8) & 1)
      let entry = Grid.iq3_s[Int(UInt16(block.uint8(at: 2 + four)) | upper << 8)]
      values[start + i] = scale * Grid.iq3_sValue(entry, i % 4) * Signs(block.uint8(at: 74 + i / 8))[i % 8]
    }
  }
}
