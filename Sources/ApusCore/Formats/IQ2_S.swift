// IQ2_S: 256 elements in 82 bytes: 16 sub-blocks of 16 elements.
//
//   offset  bytes  field
//        0      2  scale of the scales d, F16
//        2     32  low eight bits of the grid indices, two per sub-block
//       34     32  eight signs for each index
//       66      8  upper two bits of the indices: index i in byte i / 4 at bit 2 · (i % 4)
//       74      8  four bits per sub-block, low nibble first: the scale s
//
//   value = (d · (s + 1/2) / 4) · grid[index] · sign, eight elements for an index

/// Eight elements of three sizes by an index of ten bits, with a scale for 16 and all signs.
enum IQ2_S {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for i in 0..<256 {
      let scale = d * (Float(block.nibble(at: 74 + i / 32, half: i / 16 % 2)) + 0.5) * 0.25
      let eight = i / 8
      let upper = UInt16(block.uint8(at: 66 + eight / 4) >> UInt8(2 * (eight % 4)) & 3)
      let entry = Grid.iq2_s[Int(UInt16(block.uint8(at: 2 + eight)) | upper << 8)]
      values[start + i] = scale * Grid.iq2Value(entry, i % 8) * Signs(block.uint8(at: 34 + eight))[i % 8]
    }
  }
}
