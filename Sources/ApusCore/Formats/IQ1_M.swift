// IQ1_M: 256 elements in 56 bytes: 16 sub-blocks of 16 elements.
//
//   offset  bytes  field
//        0     32  low eight bits of the grid indices, two per sub-block
//       32     16  four bits for each index, low nibble first: its upper three bits, and one that is set where the shift
//                  is -1/8
//       48      8  four 16-bit numbers: the scale s of sub-block 4 · n + i at bit 3 · i of number n; the upper four bits
//                  of the numbers are the scale of the scales d, F16, lowest first
//
//   value = (d · (2 · s + 1)) · (grid[index] + shift), eight elements for an index, shift = 1/8 or -1/8

/// The grid of IQ1_S, with a scale for 16 elements and a shift for eight.
enum IQ1_M {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = Float(f16Bits: (0..<4).reduce(0) { $0 | (block.uint16(at: 48 + 2 * $1) >> 12) << UInt16(4 * $1) })
    for subBlock in 0..<16 {
      let bits = block.uint16(at: 48 + subBlock / 4 * 2) >> UInt16(3 * (subBlock % 4))
      let scale = d * Float(2 * (bits & 7) + 1)
      for i in 0..<16 {
        let upper = UInt16(block.nibble(at: 32 + subBlock, half: i / 8))
        let entry = Grid.iq1[Int(UInt16(block.uint8(at: 2 * subBlock + i / 8)) | (upper & 7) << 8)]
        let shift: Float = upper & 8 == 0 ? 0.125 : -0.125
        values[start + 16 * subBlock + i] = scale * (Grid.iq1Value(entry, i % 8) + shift)
      }
    }
  }
}
