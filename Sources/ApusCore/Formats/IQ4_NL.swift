// IQ4_NL: 32 elements in 18 bytes.
//
//   offset  bytes  field
//        0      2  scale d, F16
//        2     16  quants: byte j holds element j in its low nibble, element j + 16 in its high nibble
//
//   value = d · level[quant]
//
// The sixteen levels lie closer together near zero; they are part of the format.

/// Four bits that choose one of sixteen uneven levels.
enum IQ4_NL {
  static func decode(_ block: RawSpan, into values: inout MutableSpan<Float>, at start: Int) {
    let d = block.f16(at: 0)
    for i in 0..<32 {
      values[start + i] = d * level(block.nibble(at: 2 + i % 16, half: i / 16))
    }
  }

  /// The level that a quant (0...15) stands for, as whole numbers; IQ4_XS has the same.
  static func level(_ quant: UInt8) -> Float {
    levels[Int(quant)]
  }

  private static let levels: [Float] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
  ]
}
