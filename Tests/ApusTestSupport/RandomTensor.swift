package import ApusCore

/// Random tensor data in any format, with values of about -0.2 to 0.2.
package enum RandomTensor {
  /// Uniform floats.
  package static func floats(
    _ count: Int, in range: ClosedRange<Float>, using generator: inout SeededGenerator
  ) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &generator) }
  }

  /// The bytes of `count` elements, which are whole quant blocks: random bits, with scales that keep values small.
  package static func bytes(
    _ format: TensorFormat, elements count: Int, using generator: inout SeededGenerator
  ) -> [UInt8] {
    switch format {
    case .f32: floats(count, in: -0.2...0.2, using: &generator).flatMap(\.littleEndianBytes)
    case .f16: (0..<count).flatMap { _ in smallHalf(using: &generator).littleEndianBytes }
    case .bf16:
      floats(count, in: -0.2...0.2, using: &generator).flatMap { UInt16($0.bitPattern >> 16).littleEndianBytes }
    default: quantBlocks(format, count / format.blockElements, using: &generator)
    }
  }

  /// The bits of an F16 between 2^-7 and 2^-3 with a random sign.
  private static func smallHalf(using generator: inout SeededGenerator) -> UInt16 {
    let exponent = UInt16.random(in: 8...11, using: &generator) << 10
    let bits = UInt16.random(in: .min ... .max, using: &generator)
    return bits & 0x83FF | exponent
  }

  private static func quantBlocks(
    _ format: TensorFormat, _ count: Int, using generator: inout SeededGenerator
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count * format.blockByteCount)
    for _ in 0..<count {
      var block = (0..<format.blockByteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
      setScales(of: &block, format)
      result += block
    }
    return result
  }

  /// Puts scales and mins into a quant block that suit the format's range of quants.
  package static func setScales(of block: inout [UInt8], _ format: TensorFormat) {
    for (offset, bits) in halves(format) { block.replaceSubrange(offset..<offset + 2, with: bits.littleEndianBytes) }
    switch format {
    case .mxfp4: block[0] = 0x78 | block[0] & 1
    case .nvfp4: for i in 0..<4 { block[i] &= 0x0F }
    case .iq1_m: for i in 0..<4 { block[49 + 2 * i] = block[49 + 2 * i] & 15 | [0, 0, 12, 1][i] << 4 }  // 0x1C00
    default: break
    }
  }

  /// Where a block's F16 scales and mins lie, and their bits.
  private static func halves(_ format: TensorFormat) -> [(offset: Int, bits: UInt16)] {
    switch format {
    case .f32, .f16, .bf16, .mxfp4, .nvfp4, .iq1_m: []
    case .q4_0, .q5_0: [(0, 0x2400)]
    case .q4_1, .q5_1: [(0, 0x2400), (2, 0xAC00)]
    case .q8_0, .iq4_nl: [(0, 0x1400)]
    case .q2_K: [(80, 0x1C00), (82, 0x1C00)]
    case .q3_K: [(108, 0x1000)]
    case .q4_K, .q5_K: [(0, 0x0800), (2, 0x1400)]
    case .q6_K: [(208, 0x0200)]
    case .iq4_xs: [(0, 0x0800)]
    case .iq1_s: [(0, 0x2000)]
    case .iq2_xxs, .iq2_xs, .iq2_s: [(0, 0x1400)]
    case .iq3_xxs: [(0, 0x0A00)]
    case .iq3_s: [(0, 0x0C00)]
    case .tq1_0: [(52, 0x2C00)]
    case .tq2_0: [(64, 0x2C00)]
    case .q1_0, .q2_0: [(0, 0x2C00)]
    }
  }
}

extension FixedWidthInteger {
  /// The bytes of this integer as files hold it.
  package var littleEndianBytes: [UInt8] {
    (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }
  }
}

extension Float {
  /// The bytes of this number as files hold it.
  package var littleEndianBytes: [UInt8] { bitPattern.littleEndianBytes }
}
