// IQ2_XXS: 256 elements in 66 bytes: 8 sub-blocks of 32 elements.
//
//   offset  bytes  field
//        0      2  scale of the scales d, F16
//        2     64  eight bytes per sub-block: four grid indices, then a 32-bit number: seven signs for index l at bit
//                  7 · l (the eighth makes their number even), the scale s in its upper four bits
//
//   value = (d · (s + 1/2) / 4) · grid[index] · sign, eight elements for an index

/// Eight elements of three sizes by an index of eight bits.
enum IQ2_XXS {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for subBlock in 0..<8 {
      let bits = block.uint32(at: 6 + 8 * subBlock)
      let scale = d * (Float(bits >> 28) + 0.5) * 0.25
      for i in 0..<32 {
        let entry = Grid.iq2_xxs[Int(block.uint8(at: 2 + 8 * subBlock + i / 8))]
        let signs = Signs(even: bits, shift: 7 * (i / 8))
        values[start + 32 * subBlock + i] = scale * Grid.iq2Value(entry, i % 8) * signs[i % 8]
      }
    }
  }
}
