internal import ApusCore

/// What a quant block holds beside its codes, in several variants.
///
/// With these scales and mins random codes give weights of mean zero and of one deviation. The variants differ, so that
/// a kernel which takes another block's scale gives another result; all of them together have exactly the mean. The
/// values of a dense format are variants themselves. The layouts stand above each codec in `ApusCore/Formats`.
struct BlockVariants {
  /// A power of two.
  let count: Int
  /// Where in a quant block these bytes lie; for some formats more in a second place.
  let fields: (Range<Int>, Range<Int>)
  /// The blocks one after the other, with codes of zero.
  let bytes: [UInt8]

  init(_ format: TensorFormat, _ distribution: RandomTensor.Distribution) {
    if format.isDense {
      self.init(levelsOf: format, distribution)
    } else {
      precondition(distribution.mean == 0, "a quantized tensor has the mean zero")
      self.init(blocksOf: format, deviation: distribution.deviation)
    }
  }

  init(count: Int, fields: (Range<Int>, Range<Int>), bytes: [UInt8]) {
    self.count = count
    self.fields = fields
    self.bytes = bytes
  }

  /// Values at even distances, as many below the mean as above.
  private init(levelsOf format: TensorFormat, _ distribution: RandomTensor.Distribution) {
    count = 4096
    fields = (0..<format.blockByteCount, 0..<0)
    // From -reach to reach, values have a variance of a third of its square.
    let reach = distribution.deviation * 3.0.squareRoot()
    let values = (0..<count).map { level in
      Float(distribution.mean + reach * (Double(2 * level + 1) / 4096 - 1))
    }
    var bytes = [UInt8](repeating: 0, count: count * format.blockByteCount)
    var span = bytes.mutableSpan
    do {
      try format.encode(values.span, into: &span)
    } catch {
      preconditionFailure("dense formats take every value: \(error)")
    }
    self.bytes = bytes
  }

  private init(blocksOf format: TensorFormat, deviation: Double) {
    if let scales = FloatScales(format) {
      self = scales.variants(format, deviation: deviation)
      return
    }
    count = 16
    var fields = (0..<0, 0..<0)
    bytes = (0..<count).flatMap { number in
      var block = BlockFields(format, number: number, deviation: deviation)
      block.fill(format)
      fields = block.fields
      return block.bytes
    }
    self.fields = fields
  }
}

/// One variant while it is made.
private struct BlockFields {
  private(set) var fields = (0..<0, 0..<0)
  private(set) var bytes: [UInt8]
  private let number: Int
  /// The deviation of this block's weights; squared, it is evenly spread over the variants, from 1/8 to 15/8 of the
  /// mean.
  private let deviation: Double
  /// Codes of most symmetric formats reach further below zero than above: half of the variants turn them round.
  private let sign: Int

  init(_ format: TensorFormat, number: Int, deviation: Double) {
    bytes = [UInt8](repeating: 0, count: format.blockByteCount)
    self.number = number
    self.deviation = deviation * ((Double(number % 8) + 0.5) / 4).squareRoot()
    sign = number < 8 ? 1 : -1
  }

  /// Sets all fields, after the mean square of the codes that the comments name.
  mutating func fill(_ format: TensorFormat) {
    switch format {
    case .f32, .f16, .bf16: break
    case .q4_0: setScale(Double(sign), meanSquare: 21.5)  // -8...7
    case .q5_0: setScale(Double(sign), meanSquare: 85.5)  // -16...15
    case .q8_0: setScale(1, meanSquare: 5397.5)  // -127...127, zero twice as often
    case .iq4_nl: setScale(Double(sign), meanSquare: Self.unevenLevels)
    case .q4_1: setScaleAndMin(middle: 7.5, meanSquare: 21.25)  // 0...15 around their middle
    case .q5_1: setScaleAndMin(middle: 15.5, meanSquare: 85.25)  // 0...31 around their middle
    case .q2_K: setQ2_K()
    case .q3_K: setQ3_K()
    case .q4_K: setScalesAndMins(middle: 7.5, meanSquare: 21.25)
    case .q5_K: setScalesAndMins(middle: 15.5, meanSquare: 85.25)
    case .q6_K: setQ6_K()
    case .iq4_xs: setIQ4_XS()
    case .iq1_m: setIQ1_M()
    case .iq1_s: setScale(Double(sign), meanSquare: 85 * Self.iq1Squares)
    case .iq2_xxs: setScale(1, meanSquare: Self.oddSquares / 64 * 534.43017578125)
    case .iq2_xs: setScale(1, meanSquare: Self.oddSquares / 64 * 586.47607421875)
    case .iq2_s: setScale(1, meanSquare: Self.oddSquares / 64 * 596.8416748046875)
    case .iq3_xxs: setScale(1, meanSquare: Self.oddSquares / 16 * 951.640625)
    case .iq3_s: setScale(1, meanSquare: Self.oddSquares * 57.671875)
    case .tq1_0: setScale(Double(sign), meanSquare: 171.0 / 256, at: 52)  // -1...1, -1 a little more often
    case .tq2_0: setScale(1, meanSquare: 0.5, at: 64)  // -1...1, zero twice as often
    case .q1_0: setScale(Double(sign), meanSquare: 1)
    case .q2_0: setScale(Double(sign), meanSquare: 1.5)  // -1...2
    case .mxfp4, .nvfp4: preconditionFailure("their scales are floats, see FloatScales")
    }
  }

  /// The mean square of the levels of IQ4_NL and IQ4_XS.
  private static let unevenLevels = 4548.0
  /// The mean square of the odd numbers up to 31, which the random scales of IQ2 and IQ3 are.
  ///
  /// The factors beside it are the mean squares of their grids. Of the odd numbers up to 15, IQ1_S has them, it is 85.
  private static let oddSquares = 341.0
  /// The mean square of the grid of IQ1 with its shift.
  private static let iq1Squares = 39.02734375 / 64
}

extension BlockFields {
  private mutating func setScale(_ sign: Double, meanSquare: Double, at offset: Int = 0) {
    fields.0 = offset..<offset + 2
    setHalf(sign * deviation / meanSquare.squareRoot(), at: offset)
  }

  private mutating func setScaleAndMin(middle: Double, meanSquare: Double) {
    fields.0 = 0..<4
    let scale = setHalf(deviation / meanSquare.squareRoot(), at: 0)
    setHalf(-middle * scale, at: 2)
  }

  private mutating func setQ2_K() {
    fields = (0..<16, 80..<84)
    let scales = magnitudes(16, from: 8, below: 16)
    for (index, scale) in scales.enumerated() { bytes[index] = UInt8(scale | scale << 4) }
    let scale = setHalf(scaleOfScales(scales, meanSquare: 1.25), at: 80)  // 0...3 around their middle
    setHalf(1.5 * scale, at: 82)
  }

  private mutating func setQ3_K() {
    fields.0 = 96..<110
    let scales = signedScales(16, from: 16, below: 32)
    for (index, scale) in scales.enumerated() {
      let bits = scale + 32
      bytes[96 + index % 8] |= UInt8((bits & 15) << (4 * (index / 8)))
      bytes[104 + index % 4] |= UInt8((bits >> 4) << (2 * (index / 4)))
    }
    setHalf(scaleOfScales(scales, meanSquare: 5.5), at: 108)  // -4...3
  }

  /// Q4_K and Q5_K: each sub-block's min is as many of its unit as its scale, and that unit is the middle of the codes.
  private mutating func setScalesAndMins(middle: Double, meanSquare: Double) {
    fields.0 = 0..<16
    let scales = magnitudes(8, from: 32, below: 64)
    for index in 0..<4 {
      let (low, high) = (scales[index], scales[index + 4])
      bytes[4 + index] = UInt8(low | (high >> 4) << 6)
      bytes[8 + index] = bytes[4 + index]
      bytes[12 + index] = UInt8(high & 15 | (high & 15) << 4)
    }
    let scale = setHalf(scaleOfScales(scales, meanSquare: meanSquare), at: 0)
    setHalf(middle * scale, at: 2)
  }

  private mutating func setQ6_K() {
    fields.0 = 192..<210
    // Small scales, so that the scale of scales keeps bits enough: it is below what F16 holds with all of them.
    let scales = signedScales(16, from: 16, below: 32)
    for (index, scale) in scales.enumerated() { bytes[192 + index] = UInt8(bitPattern: Int8(scale)) }
    setHalf(scaleOfScales(scales, meanSquare: 341.5), at: 208)  // -32...31
  }

  private mutating func setIQ4_XS() {
    fields.0 = 0..<8
    let scales = signedScales(8, from: 8, below: 16)
    for (index, scale) in scales.enumerated() {
      let bits = scale + 32
      bytes[2 + index / 4] |= UInt8((bits >> 4) << (2 * (index % 4)))
      bytes[4 + index / 2] |= UInt8((bits & 15) << (4 * (index % 2)))
    }
    setHalf(scaleOfScales(scales, meanSquare: Self.unevenLevels), at: 0)
  }

  private mutating func setIQ1_M() {
    fields.0 = 48..<56
    let scales = magnitudes(16, from: 4, below: 8)
    let odd = scales.map { 2 * $0 + 1 }
    let half = Float(Double(sign) * scaleOfScales(odd, meanSquare: Self.iq1Squares)).f16Bits
    for index in 0..<4 {
      let packed = (0..<4).reduce(0) { $0 | scales[4 * index + $1] << (3 * $1) }
      let bits = UInt16(packed) | (half >> UInt16(4 * index) & 15) << 12
      bytes[48 + 2 * index] = UInt8(truncatingIfNeeded: bits)
      bytes[49 + 2 * index] = UInt8(bits >> 8)
    }
  }
}

extension BlockFields {
  /// Scales of sub-blocks, which differ from one to the next and from variant to variant.
  private func magnitudes(_ count: Int, from start: Int, below end: Int) -> [Int] {
    (0..<count).map { start + (5 * $0 + 3 * (number % 8)) % (end - start) }
  }

  /// The same with signs in turn, which are the other way round in the other half of the variants.
  private func signedScales(_ count: Int, from start: Int, below end: Int) -> [Int] {
    magnitudes(count, from: start, below: end).enumerated().map { $0.isMultiple(of: 2) ? sign * $1 : -sign * $1 }
  }

  /// What the scales of sub-blocks are multiplied by.
  private func scaleOfScales(_ scales: [Int], meanSquare: Double) -> Double {
    let squares = scales.reduce(0) { $0 + $1 * $1 }
    return deviation / (meanSquare * Double(squares) / Double(scales.count)).squareRoot()
  }

  /// Stores a number as F16, and tells what it is then.
  @discardableResult
  private mutating func setHalf(_ value: Double, at offset: Int) -> Double {
    let bits = Float(value).f16Bits
    bytes[offset] = UInt8(truncatingIfNeeded: bits)
    bytes[offset + 1] = UInt8(bits >> 8)
    return Double(Float(f16Bits: bits))
  }
}
