// IQ2_XS: 256 elements in 74 bytes: 16 sub-blocks of 16 elements.
//
//   offset  bytes  field
//        0      2  scale of the scales d, F16
//        2     64  two 16-bit numbers per sub-block: a grid index of nine bits, and seven signs above it (the eighth
//                  makes their number even)
//       66      8  four bits per sub-block, low nibble first: the scale s
//
//   value = (d · (s + 1/2) / 4) · grid[index] · sign, eight elements for an index

/// Eight elements of three sizes by an index of nine bits, with a scale for 16.
enum IQ2_XS {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for subBlock in 0..<16 {
      let scale = d * (Float(block.nibble(at: 66 + subBlock / 2, half: subBlock % 2)) + 0.5) * 0.25
      for i in 0..<16 {
        let bits = block.uint16(at: 2 + 4 * subBlock + i / 8 * 2)
        let signs = Signs(even: UInt32(bits), shift: 9)
        values[start + 16 * subBlock + i] = scale * Grid.iq2Value(Grid.iq2_xs[Int(bits & 511)], i % 8) * signs[i % 8]
      }
    }
  }
}
