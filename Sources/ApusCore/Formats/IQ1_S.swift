// IQ1_S: 256 elements in 50 bytes: 8 sub-blocks of 32 elements.
//
//   offset  bytes  field
//        0      2  scale of the scales d, F16
//        2     32  low eight bits of the grid indices, 4 per sub-block
//       34     16  a 16-bit number per sub-block: upper three bits of index l at bit 3 · l, the scale s in bits 12...14,
//                  and bit 15, which is set where the shift is -1/8
//
//   value = (d · (2 · s + 1)) · (grid[index] + shift), eight elements for an index, shift = 1/8 or -1/8

/// Eight elements of -1, 0 and 1 by an index of eleven bits, moved a little up or down.
enum IQ1_S {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for subBlock in 0..<8 {
      let bits = block.uint16(at: 34 + 2 * subBlock)
      let scale = d * Float(2 * (bits >> 12 & 7) + 1)
      let shift: Float = bits >> 15 == 0 ? 0.125 : -0.125
      for i in 0..<32 {
        let low = UInt16(block.uint8(at: 2 + 4 * subBlock + i / 8))
        let entry = Grid.iq1[Int(low | (bits >> UInt16(3 * (i / 8)) & 7) << 8)]
        values[start + 32 * subBlock + i] = scale * (Grid.iq1Value(entry, i % 8) + shift)
      }
    }
  }
}
