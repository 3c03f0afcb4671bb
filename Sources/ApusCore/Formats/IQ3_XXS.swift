// IQ3_XXS: 256 elements in 98 bytes: 8 sub-blocks of 32 elements.
//
//   offset  bytes  field
//        0      2  scale of the scales d, F16
//        2     64  grid indices, 8 per sub-block
//       66     32  a 32-bit number per sub-block: seven signs for elements 8 · l on at bit 7 · l (the eighth makes their
//                  number even), the scale s in its upper four bits
//
//   value = (d · (s + 1/2) / 2) · grid[index] · sign, four elements for an index

/// Four elements of eight sizes by an index of eight bits.
enum IQ3_XXS {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for subBlock in 0..<8 {
      let bits = block.uint32(at: 66 + 4 * subBlock)
      let scale = d * (Float(bits >> 28) + 0.5) * 0.5
      for i in 0..<32 {
        let entry = Grid.iq3_xxs[Int(block.uint8(at: 2 + 8 * subBlock + i / 4))]
        let signs = Signs(even: bits, shift: 7 * (i / 8))
        values[start + 32 * subBlock + i] = scale * Grid.iq3_xxsValue(entry, i % 4) * signs[i % 8]
      }
    }
  }
}
