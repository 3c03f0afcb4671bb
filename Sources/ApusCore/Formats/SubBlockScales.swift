// The scales and mins of Q4_K and Q5_K: eight sub-blocks, two six-bit numbers each, in 12 bytes.
//
//   bytes 0...3   low six bits: scale of sub-block 0...3;  upper two: bits 4 and 5 of the scale of sub-block 4...7
//   bytes 4...7   low six bits: min of sub-block 0...3;    upper two: bits 4 and 5 of the min of sub-block 4...7
//   bytes 8...11  low nibble: bits 0 to 3 of the scale of sub-block 4...7;  high nibble: those of its min

/// Unpacks the six-bit scales and mins of Q4_K and Q5_K.
enum SubBlockScales {
  /// Scale and min of `subBlock` (0...7), of the 12 bytes from `offset` on.
  static func unpack(_ subBlock: Int, in block: RawSpan, at offset: Int) -> (scale: UInt8, min: UInt8) {
    let column = offset + subBlock % 4
    let scale = block.uint8(at: column)
    let min = block.uint8(at: column + 4)
    guard subBlock >= 4 else { return (scale & 63, min & 63) }
    return (
      block.nibble(at: column + 8, half: 0) | (scale >> 6) << 4,
      block.nibble(at: column + 8, half: 1) | (min >> 6) << 4
    )
  }
}
