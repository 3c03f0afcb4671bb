internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Decodes whole quant blocks into a new array.
private func decode(_ format: TensorFormat, _ bytes: [UInt8], count: Int) -> [Float] {
  var values = [Float](repeating: .nan, count: count)
  var span = values.mutableSpan
  unsafe format.decode(bytes.span.bytes, into: &span)
  return values
}

/// Encodes whole quant blocks into a new array.
private func encode(_ format: TensorFormat, _ values: [Float]) throws -> [UInt8] {
  var bytes = [UInt8](repeating: 0xAA, count: try #require(format.byteCount(elements: values.count)))
  var span = bytes.mutableSpan
  try format.encode(values.span, into: &span)
  return bytes
}

@Suite struct `Tensor formats against the reference data` {
  @Test func `the reference data is there, or this is not CI`() {
    #expect(QuantReference.shared != nil || !TestData.isRequired, "set APUS_TEST_DATA to the reference data")
  }

  @Test(arguments: QuantReference.entries)
  func `the table has the type id and the block sizes of the index`(entry: QuantReference.Entry) throws {
    guard let format = TensorFormat(ggufType: entry.ggml_type) else {
      let format = try #require(UnsupportedFormat(ggufType: entry.ggml_type))
      #expect(format.name == entry.type)
      if let size = entry.block_size { #expect(format.blockElements == size) }
      if let size = entry.type_size { #expect(format.blockByteCount == size) }
      #expect(TensorFormat(name: entry.type) == nil)
      return
    }
    #expect(format.name == entry.type)
    #expect(UnsupportedFormat(ggufType: entry.ggml_type) == nil)
    if let size = entry.block_size { #expect(format.blockElements == size) }
    if let size = entry.type_size { #expect(format.blockByteCount == size) }
  }

  @Test(arguments: QuantReference.entries.filter { TensorFormat(ggufType: $0.ggml_type) != nil })
  func `decoding is bit-identical`(entry: QuantReference.Entry) throws {
    let reference = try #require(QuantReference.shared)
    let format = try #require(TensorFormat(ggufType: entry.ggml_type))
    for pair in entry.pairs {
      let bytes = try reference.bytes(pair.raw)
      let expected = try reference.floats(pair.values)
      try #require(format.byteCount(elements: expected.count) == bytes.count, "\(pair.raw) has an odd size")
      let decoded = decode(format, bytes, count: expected.count)
      let wrong = decoded.indices.filter { !identical(decoded[$0], expected[$0]) }
      #expect(wrong.isEmpty, "\(pair.raw): \(wrong.count) values differ, first at \(wrong.first ?? -1)")
    }
  }

  @Test(arguments: QuantReference.entries.filter { TensorFormat(ggufType: $0.ggml_type)?.isEncodable == true })
  func `encoding is byte-identical`(entry: QuantReference.Entry) throws {
    let reference = try #require(QuantReference.shared)
    let format = try #require(TensorFormat(ggufType: entry.ggml_type))
    let columns = reference.columns
    let rowBytes = try #require(format.byteCount(elements: columns))
    let (input, raw) = (try reference.input(), try reference.bytes(entry.raw))
    let values = try reference.floats(entry.dequantized)
    for row in 0..<input.count / columns {
      let elements = row * columns..<(row + 1) * columns
      let encoded = try encode(format, Array(input[elements]))
      if !format.isDense, input[elements].contains(where: \.isSubnormal) {
        // The inverse of such a scale overflows: the index says that only the values mean something.
        #expect(decode(format, encoded, count: columns) == Array(values[elements]), "row \(row)")
      } else {
        let same = encoded == Array(raw[row * rowBytes..<(row + 1) * rowBytes])
        #expect(same, "row \(row), '\(reference.rowNames[row])'")
      }
    }
  }
}

@Suite struct `Tensor formats` {
  @Test(arguments: TensorFormat.allCases)
  func `any bytes decode without a trap`(format: TensorFormat) throws {
    let count = format.blockElements * 3
    let byteCount = try #require(format.byteCount(elements: count))
    for pattern in [0x00, 0x7C, 0x7F, 0x80, 0xFC, 0xFF] as [UInt8] {
      #expect(decode(format, [UInt8](repeating: pattern, count: byteCount), count: count).count == count)
    }
  }

  @Test func `bytes of another size than the values stop the process`() async {
    await #expect(processExitsWith: .failure) {
      _ = decode(.q4_0, [UInt8](repeating: 0, count: 17), count: 32)
    }
  }

  @Test(arguments: TensorFormat.allCases)
  func `nothing decodes to nothing`(format: TensorFormat) {
    #expect(decode(format, [], count: 0).isEmpty)
  }

  @Test(arguments: TensorFormat.allCases.filter { $0.isEncodable && !$0.isDense })
  func `a value that is not finite is refused and named`(format: TensorFormat) {
    for value in [Float.nan, .infinity, -.infinity] {
      var values = [Float](repeating: 1, count: 64)
      values[40] = value
      #expect(throws: TensorEncodingError.notFinite(element: 40, value: value)) { try encode(format, values) }
    }
  }

  @Test(arguments: TensorFormat.allCases.filter { $0.isEncodable && !$0.isDense })
  func `values beyond the scale are refused and located`(format: TensorFormat) {
    var values = [Float](repeating: 1, count: 64)
    values[33] = .greatestFiniteMagnitude
    values[34] = -.greatestFiniteMagnitude
    #expect(throws: TensorEncodingError.scaleOverflow(format, element: 32)) { try encode(format, values) }
  }

  @Test(arguments: TensorFormat.allCases.filter { $0.isEncodable && !$0.isDense })
  func `zeros and values too small for a scale decode to zeros`(format: TensorFormat) throws {
    for magnitude in [0, .leastNonzeroMagnitude, .leastNormalMagnitude, 1e-37] as [Float] {
      let values = (0..<32).map { $0.isMultiple(of: 2) ? magnitude : -magnitude }
      let decoded = decode(format, try encode(format, values), count: 32)
      #expect(decoded.allSatisfy { $0 == 0 })
    }
  }

  @Test(arguments: TensorFormat.allCases.filter { !$0.isEncodable })
  func `a format that cannot be written says so`(format: TensorFormat) {
    let error = TensorEncodingError.unsupported(format)
    #expect(throws: error) { try encode(format, [Float](repeating: 1, count: 256)) }
    #expect(error.description.contains("Q4_0"))
  }

  @Test func `names and type ids find their format, and only that`() {
    for format in TensorFormat.allCases {
      #expect(TensorFormat(name: format.name) == format)
      #expect(TensorFormat(name: format.name.lowercased()) == format)
      #expect(TensorFormat(ggufType: format.ggufType) == format)
    }
    #expect(TensorFormat(name: "Q9_K") == nil)
    #expect(TensorFormat(ggufType: 4) == nil)
    #expect(TensorFormat(ggufType: .max) == nil)
  }

  @Test(arguments: TensorFormat.allCases)
  func `byte counts refuse parts of a quant block and overflow`(format: TensorFormat) {
    #expect(format.byteCount(elements: 0) == 0)
    #expect(format.byteCount(elements: 512) == 512 / format.blockElements * format.blockByteCount)
    #expect(format.byteCount(elements: -format.blockElements) == nil)
    #expect(format.byteCount(elements: format.blockElements + 1) == nil || format.isDense)
    let most = Int.max / format.blockElements * format.blockElements
    let overflows = most / format.blockElements > Int.max / format.blockByteCount
    #expect((format.byteCount(elements: most) == nil) == overflows)
  }
}
