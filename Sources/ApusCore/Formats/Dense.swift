// F32, F16, BF16: one little-endian number per element, no scales.

/// IEEE 754 binary32.
enum F32 {
  static func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) {
    for i in values.indices { values[i] = Float(bitPattern: bytes.uint32(at: 4 * i)) }
  }

  static func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>) {
    for i in values.indices { bytes.store(values[i].bitPattern, at: 4 * i) }
  }
}

/// IEEE 754 binary16.
enum F16 {
  static func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) {
    for i in values.indices { values[i] = bytes.f16(at: 2 * i) }
  }

  static func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>) {
    for i in values.indices { bytes.store(values[i].f16Bits, at: 2 * i) }
  }
}

/// The upper half of an IEEE 754 binary32.
enum BF16 {
  static func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) {
    for i in values.indices { values[i] = Float(bf16Bits: bytes.uint16(at: 2 * i)) }
  }

  static func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>) {
    for i in values.indices { bytes.store(values[i].bf16Bits, at: 2 * i) }
  }
}
