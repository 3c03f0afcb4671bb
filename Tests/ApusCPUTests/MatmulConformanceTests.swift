internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Every level × format × odd shape against the reference, all operands ending at a guard page.
struct MatmulConformanceTests {
  static let cases: [(String, TensorFormat)] = Kernels.supportedLevelNames.flatMap { level in
    TensorFormat.allCases.map { (level, $0) }
  }

  static func shapes(_ format: TensorFormat) -> [(rows: Int, k: Int, n: Int)] {
    let unit = format.isDense ? 1 : format.blockElements
    // Blocks of 32 weights are read in strips of up to eight: one that ends the weights, and two and a rest.
    let blocks = unit == 32 ? [1, 2, 3, 8, 9, 19] : [1, 2, 3, 9]
    let depths = format.isDense ? [1, 7, 8, 15, 16, 31, 33, 64, 257] : blocks.map { $0 * unit }
    var shapes: [(Int, Int, Int)] = []
    for k in depths {
      for rows in [1, 3, 4, 5, 8, 9, 19, 37] { for n in 1...9 { shapes.append((rows, k, n)) } }
      shapes.append((67, k, 70))
    }
    shapes.append((19, 3 * unit, Kernels.chunkTokens(columns: 3 * unit) + 14))
    if format.isDense { for n in [1, 3, 70] { shapes.append((19, 4_109, n)) } }
    return shapes
  }

  /// All levels but the reference, each of which is compared with it.
  private static let others = Kernels.supportedLevelNames.filter { $0 != "reference" }.compactMap { Kernels(level: $0) }

  @Test("All levels' products agree with the reference within rounding", arguments: TensorFormat.allCases)
  func agreesWithReference(format: TensorFormat) throws {
    let reference = try #require(Kernels(level: "reference"))
    for (index, shape) in Self.shapes(format).enumerated() {
      let product = MatmulCase(format, rows: shape.rows, k: shape.k, n: shape.n, seed: UInt64(index))
      guard agrees(product, [shape.n], product.expectation(columns: shape.n, reference)) else { return }
    }
  }

  @Test("No sum of codes overflows on the way", arguments: TensorFormat.allCases.filter { !$0.isDense })
  func extremes(format: TensorFormat) throws {
    let reference = try #require(Kernels(level: "reference"))
    for byte: UInt8 in [0xff, 0x00, 0x80, 0x7f, 0xaa, 0x55, 0xf0, 0x0f] {
      for value: Float in [-1, 1] {
        let product = MatmulCase(format, rows: 35, k: 512, n: 37, byte: byte, value: value)
        let expected = product.expectation(columns: 1, reference)
        guard agrees(product, [1, 2, 3, 4, 5, 6, 7, 8, 37], expected) else { return }
      }
    }
  }

  @Test("Every exponent of MXFP4 scales products, but 0, which makes them zero")
  func exponents() throws {
    let reference = try #require(Kernels(level: "reference"))
    for exponent: UInt8 in 1...252 {
      let product = MatmulCase(exponent: exponent, rows: 19, k: 64, n: 9)
      guard agrees(product, [1, 3, 9], product.expectation(columns: 9, reference)) else { return }
    }
    let zeros = MatmulCase(exponent: 0, rows: 19, k: 64, n: 9)
    for kernels in Self.others {
      let found = zeros.run(kernels, columns: zeros.lastColumns(9))
      #expect(found.allSatisfy { $0 == 0 }, "\(kernels.name)")
    }
  }

  /// Whether all results of all levels, with so many of the last columns, are those of the reference within rounding.
  ///
  /// Records the first that is not. Columns beyond those expected are equal to them, in turn.
  private func agrees(_ product: MatmulCase, _ counts: [Int], _ expected: MatmulCase.Expectation) -> Bool {
    for count in counts {
      let columns = product.lastColumns(count)
      for kernels in Self.others {
        let found = product.run(kernels, columns: columns)
        let wrong = (columns.range.lowerBound * product.rows..<found.count).first { i in
          let at = i % expected.values.count
          // Codes are multiplied without their offset, which costs up to six bits against sum |w x|.
          let tolerance = expected.magnitudes[at] * 0x1p-16 + .leastNormalMagnitude
          // Random floats may overflow any sum.
          return !(abs(found[i] - expected.values[at]) <= tolerance || tolerance.isInfinite)
        }
        guard let wrong else { continue }
        let at = wrong % expected.values.count
        let shape = (rows: product.rows, k: product.k, n: count)
        Issue.record(
          "\(kernels.name), \(shape), result \(wrong): \(found[wrong]), expected \(expected.values[at]), magnitude \(expected.magnitudes[at])"
        )
        return false
      }
    }
    return true
  }

  @Test("A result has the same bits whatever rows and columns are computed with it", arguments: cases)
  func independentOfTiles(level: String, format: TensorFormat) throws {
    let kernels = try #require(Kernels(level: level))
    // Blocks of 32 weights are read in strips of up to eight: one, and a rest.
    let k = format.isDense ? 2_077 : format.blockElements * (format.blockElements == 32 ? 11 : 3)
    let chunk = Kernels.chunkTokens(columns: k), n = chunk + 14
    let product = MatmulCase(format, rows: 75, k: k, n: n, seed: 5)
    let whole = product.run(kernels, columns: product.lastColumns(n))
    // Every number of tokens up to eight has a loop of its own.
    let few = [0..<1, 1..<3, 2..<5, 0..<4, 1..<6, 0..<6, 1..<8, 2..<10]
    for columns in few + [3..<n, chunk - 3..<chunk + 2, n - 1..<n] {
      let operands = product.columns(columns)
      for rows in [0..<1, 0..<4, 1..<42, 64..<75, 74..<75, 0..<75] {
        let part = product.run(kernels, rows: rows, columns: operands)
        // One expectation for all: each costs more than what it looks at.
        let wrong = part.indices.first { index in
          let (column, row) = (index / product.rows, index % product.rows)
          let expected = rows.contains(row) && columns.contains(column) ? whole[index] : .nan
          return part[index].bitPattern != expected.bitPattern
        }
        #expect(wrong == nil, "result \(wrong ?? 0), rows \(rows), columns \(columns)")
      }
    }
  }

  @Test("A level decodes weights to the same bits as the reference and the Swift codecs", arguments: cases)
  func decodes(level: String, format: TensorFormat) throws {
    let kernels = try #require(Kernels(level: level))
    for count in format.isDense ? [1, 7, 16, 33] : [format.blockElements, 5 * format.blockElements] {
      var generator = SeededGenerator(seed: UInt64(count))
      let bytes = generator.bytes(count / format.blockElements * format.blockByteCount)
      let source = GuardedBuffer(bytes)
      let found = GuardedBuffer([Float](repeating: 0, count: count))
      unsafe kernels.decode(format, source.pointer, count: count, into: found.pointer)
      var expected = [Float](repeating: 0, count: count)
      var span = expected.mutableSpan
      format.decode(unsafe bytes.span.bytes, into: &span)
      for (a, b) in zip(found.values, expected) {
        #expect(a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN))
      }
    }
  }
}
