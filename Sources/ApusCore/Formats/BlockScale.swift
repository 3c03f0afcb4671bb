/// A quant block's scale does not fit the F16 that stores it.
struct ScaleOverflow: Error {}

/// A scale found while encoding: the F16 bits that are stored, and the inverse that the values are multiplied by.
///
/// The inverse is that of the scale before it is rounded to F16; the reference encoder does the same.
struct BlockScale {
  let bits: UInt16
  let inverse: Float

  init(_ scale: Float) throws(ScaleOverflow) {
    bits = try Self.f16Bits(scale)
    // A scale so small that its inverse overflows is stored as zero: the values are lost whatever we do.
    let inverse = 1 / scale
    self.inverse = inverse.isFinite ? inverse : 0
  }

  /// The F16 bits of a scale or min; an infinite one would turn the whole quant block into NaN.
  static func f16Bits(_ value: Float) throws(ScaleOverflow) -> UInt16 {
    let bits = value.f16Bits
    guard bits & 0x7C00 != 0x7C00 else { throw ScaleOverflow() }
    return bits
  }
}

extension Span<Float> {
  /// The element farthest from zero, with its sign; the first of several.
  var peak: Float {
    var peak: Float = 0
    for i in indices where self[i].magnitude > peak.magnitude { peak = self[i] }
    return peak
  }

  /// The smallest and the largest element of a span that is not empty.
  var bounds: (min: Float, max: Float) {
    var bounds = (min: self[0], max: self[0])
    for i in indices {
      bounds.min = Swift.min(bounds.min, self[i])
      bounds.max = Swift.max(bounds.max, self[i])
    }
    return bounds
  }
}
