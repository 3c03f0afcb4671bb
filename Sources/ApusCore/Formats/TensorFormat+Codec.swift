/// Why floats could not be written in a tensor format.
package enum TensorEncodingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Apus reads this format but does not write it.
  case unsupported(TensorFormat)
  /// NaN and infinity have no quant.
  case notFinite(element: Int, value: Float)
  /// The values of the quant block that starts at this element are too large for an F16 scale.
  case scaleOverflow(TensorFormat, element: Int)

  package var description: String {
    switch self {
    case .unsupported(let format):
      "cannot write \(format.name): choose one of \(TensorFormat.encodableNames)"
    case .notFinite(let element, let value):
      "element \(element) is \(value): the weights are damaged, fetch the model again"
    case .scaleOverflow(let format, let element):
      "the values from element \(element) on are too large for the scale of \(format.name): use F32 or BF16"
    }
  }

  /// As `==` on Float would make an error with a NaN unequal to itself, values are compared by bits.
  package static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.unsupported(let a), .unsupported(let b)): a == b
    case (.notFinite(let a, let x), .notFinite(let b, let y)): a == b && x.bitPattern == y.bitPattern
    case (.scaleOverflow(let a, let i), .scaleOverflow(let b, let j)): a == b && i == j
    default: false
    }
  }
}

// The codecs are written from the block layouts and independent of the C kernels, whose oracle they are.
// Every product and sum is rounded to Float on its own, in the order that each file's formula shows.
extension TensorFormat {
  /// Turns the bytes of whole quant blocks into floats.
  ///
  /// Values are not judged: scales that are NaN or infinite give such values.
  ///
  /// - Precondition: `bytes` has exactly `byteCount(elements: values.count)` bytes.
  package func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) {
    precondition(byteCount(elements: values.count) == bytes.byteCount, "bytes and values of different sizes")
    switch self {
    case .f32: F32.decode(bytes, into: &values)
    case .f16: F16.decode(bytes, into: &values)
    case .bf16: BF16.decode(bytes, into: &values)
    case .q4_0: decodeBlocks(bytes, into: &values, Q4_0.decode)
    case .q4_1: decodeBlocks(bytes, into: &values, Q4_1.decode)
    case .q5_0: decodeBlocks(bytes, into: &values, Q5_0.decode)
    case .q5_1: decodeBlocks(bytes, into: &values, Q5_1.decode)
    case .q8_0: decodeBlocks(bytes, into: &values, Q8_0.decode)
    case .q2_K: decodeBlocks(bytes, into: &values, Q2_K.decode)
    case .q3_K: decodeBlocks(bytes, into: &values, Q3_K.decode)
    case .q4_K: decodeBlocks(bytes, into: &values, Q4_K.decode)
    case .q5_K: decodeBlocks(bytes, into: &values, Q5_K.decode)
    case .q6_K: decodeBlocks(bytes, into: &values, Q6_K.decode)
    case .iq4_nl: decodeBlocks(bytes, into: &values, IQ4_NL.decode)
    case .iq4_xs: decodeBlocks(bytes, into: &values, IQ4_XS.decode)
    case .iq1_s: decodeBlocks(bytes, into: &values, IQ1_S.decode)
    case .iq1_m: decodeBlocks(bytes, into: &values, IQ1_M.decode)
    case .iq2_xxs: decodeBlocks(bytes, into: &values, IQ2_XXS.decode)
    case .iq2_xs: decodeBlocks(bytes, into: &values, IQ2_XS.decode)
    case .iq2_s: decodeBlocks(bytes, into: &values, IQ2_S.decode)
    case .iq3_xxs: decodeBlocks(bytes, into: &values, IQ3_XXS.decode)
    case .iq3_s: decodeBlocks(bytes, into: &values, IQ3_S.decode)
    case .mxfp4: decodeBlocks(bytes, into: &values, MXFP4.decode)
    case .nvfp4: decodeBlocks(bytes, into: &values, NVFP4.decode)
    case .tq1_0: decodeBlocks(bytes, into: &values, TQ1_0.decode)
    case .tq2_0: decodeBlocks(bytes, into: &values, TQ2_0.decode)
    case .q1_0: decodeBlocks(bytes, into: &values, Q1_0.decode)
    case .q2_0: decodeBlocks(bytes, into: &values, Q2_0.decode)
    }
  }

  /// True where `encode` can write this format.
  package var isEncodable: Bool {
    switch self {
    case .f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: true
    case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_nl, .iq4_xs: false
    case .iq1_s, .iq1_m, .iq2_xxs, .iq2_xs, .iq2_s, .iq3_xxs, .iq3_s, .mxfp4, .nvfp4, .tq1_0, .tq2_0, .q1_0, .q2_0:
      false
    }
  }

  /// Names of the formats that `encode` can write, for messages.
  package static var encodableNames: String {
    allCases.filter(\.isEncodable).map(\.name).joined(separator: ", ")
  }

  /// Turns floats into whole quant blocks: each value becomes the nearest that its quant block can express.
  ///
  /// The dense formats round as IEEE 754 does, NaN and infinity included. When this throws, `bytes` holds a part.
  ///
  /// - Precondition: `bytes` has exactly `byteCount(elements: values.count)` bytes.
  package func encode(_ values: Span<Float>, into bytes: inout MutableSpan<UInt8>) throws(TensorEncodingError) {
    precondition(byteCount(elements: values.count) == bytes.count, "bytes and values of different sizes")
    switch self {
    case .f32: F32.encode(values, into: &bytes)
    case .f16: F16.encode(values, into: &bytes)
    case .bf16: BF16.encode(values, into: &bytes)
    case .q4_0: try encodeBlocks(values, into: &bytes, Q4_0.encode)
    case .q4_1: try encodeBlocks(values, into: &bytes, Q4_1.encode)
    case .q5_0: try encodeBlocks(values, into: &bytes, Q5_0.encode)
    case .q5_1: try encodeBlocks(values, into: &bytes, Q5_1.encode)
    case .q8_0: try encodeBlocks(values, into: &bytes, Q8_0.encode)
    default: throw .unsupported(self)
    }
  }

  /// Calls `decode` with each quant block and the index of its first element.
  private func decodeBlocks(
    _ bytes: RawSpan, into values: inout MutableSpan<Float>,
    _ decode: (RawSpan, inout MutableSpan<Float>, Int) -> Void
  ) {
    for block in 0..<values.count / blockElements {
      let source = bytes.extracting(block * blockByteCount..<(block + 1) * blockByteCount)
      decode(source, &values, block * blockElements)
    }
  }

  /// Calls `encode` with the elements of each quant block, all finite, and the offset of its first byte.
  private func encodeBlocks(
    _ values: Span<Float>, into bytes: inout MutableSpan<UInt8>,
    _ encode: (Span<Float>, inout MutableSpan<UInt8>, Int) throws(ScaleOverflow) -> Void
  ) throws(TensorEncodingError) {
    for block in 0..<values.count / blockElements {
      let start = block * blockElements
      for i in start..<start + blockElements where !values[i].isFinite {
        throw .notFinite(element: i, value: values[i])
      }
      do {
        try encode(values.extracting(start..<start + blockElements), &bytes, block * blockByteCount)
      } catch {
        throw .scaleOverflow(self, element: start)
      }
    }
  }
}
