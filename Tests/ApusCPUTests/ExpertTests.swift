internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Routed feed-forward layers against plain loops, and against themselves in other company.
struct ExpertTests {
  static let formats: [ExpertCase.Formats] =
    TensorFormat.allCases.map { ExpertCase.Formats($0) } + [
      .init(gate: .q4_K, up: .q6_K, down: .q4_0, hasExtras: true, .silu),
      .init(gate: .f16, up: .q8_0, down: .f32, hasExtras: true, .gelu),
      .init(gate: .q8_0, up: .bf16, down: .q8_0, hasExtras: true, .clampedSwish),
      .init(gate: nil, up: .q5_0, down: .q5_1, hasExtras: true, .squaredRelu),
      .init(gate: nil, up: .f32, down: .f32, hasExtras: false, .geluErf),
      .init(gate: .f32, up: .f32, down: .f16, hasExtras: true, .sigmoid),
    ]

  /// Rows of whole quant blocks; odd ones where the formats allow it.
  static func shape(_ formats: ExpertCase.Formats, rows: Int) -> ExpertCase.Shape {
    let first = max(formats.gate?.blockElements ?? 1, formats.up.blockElements)
    let hidden = first == 1 ? 37 : first == 32 ? 96 : 256
    let down = formats.down.blockElements
    return .init(hidden: hidden, inner: down == 1 ? 117 : down == 32 ? 160 : 512, experts: 7, used: 3, rows: rows)
  }

  @Test("A layer's rows agree with plain loops", arguments: Kernels.supportedLevelNames, formats)
  func agrees(level: String, formats: ExpertCase.Formats) throws {
    let layer = try ExpertCase(Self.shape(formats, rows: 19), formats)
    let backend = try CPUBackend(.init(threads: 2, kernels: #require(Kernels(level: level))))
    let y = try layer.run(backend)
    // Activations are rounded to int8 twice, each to 1/254 of the largest of 32; dense weights take them as they are.
    let isDense = [formats.gate ?? .f32, formats.up, formats.down].allSatisfy(\.isDense)
    for row in 0..<layer.shape.rows {
      let expected = try layer.expected(row)
      let scale = expected.map(abs).max() ?? 0
      for column in expected.indices {
        let difference = abs(Double(y[row * layer.shape.hidden + column]) - expected[column])
        try #require(difference <= scale * (isDense ? 1e-5 : 0.05), "row \(row), column \(column)")
      }
    }
  }

  @Test("A row has the same bits whatever rows and threads share its batch", arguments: formats)
  func independent(formats: ExpertCase.Formats) throws {
    let layer = try ExpertCase(Self.shape(formats, rows: 41), formats)
    let whole = try layer.run(TestBackend.make(threads: 3))
    for threads in [1, 2] {
      let backend = try TestBackend.make(threads: threads)
      let weights = try layer.weights(backend)
      for rows in [0..<1, 7..<9, 3..<12, 30..<41, 40..<41, 0..<41] {
        let part = try layer.run(backend, rows: rows, weights)
        let expected = whole[rows.lowerBound * layer.shape.hidden..<rows.upperBound * layer.shape.hidden]
        #expect(part.map(\.bitPattern) == expected.map(\.bitPattern), "rows \(rows), \(threads) threads")
      }
    }
  }

  @Test("Rows beyond a chunk, and beyond what fits at once, change nothing", arguments: [(2, 1, 700), (8, 8, 70_000)])
  func manyRows(experts: Int, used: Int, rows: Int) throws {
    let layer = try ExpertCase(
      .init(hidden: 32, inner: 64, experts: experts, used: used, rows: rows), ExpertCase.Formats(.q8_0))
    let backend = try TestBackend.make()
    let weights = try layer.weights(backend)
    let whole = try layer.run(backend, weights)
    for row in [0, 1, rows / 2 - 1, rows / 2, rows - 1] {
      let alone = try layer.run(backend, rows: row..<row + 1, weights)
      #expect(alone.map(\.bitPattern) == whole[row * 32..<(row + 1) * 32].map(\.bitPattern))
    }
  }

  @Test("Matrices that are rows of a larger stack give what they give alone")
  func slices() throws {
    let shape = ExpertCase.Shape(hidden: 96, inner: 64, experts: 5, used: 2, rows: 9)
    let formats = ExpertCase.Formats(.q4_0)
    let layer = try ExpertCase(shape, formats)
    let (gate, up) = (try layer.source("gate"), try layer.source("up"))
    // Gate and up of each expert one after the other, as files with merged tensors have them.
    let merged = (0..<shape.experts).flatMap { expert in
      [gate, up].flatMap { source in
        (0..<source.matrixByteCount).map { source.file.bytes.unsafeByte(expert * source.matrixByteCount + $0) }
      }
    }
    let folder = try TemporaryFolder()
    let file = try MappedFile(path: folder.write(merged, to: "merged"))
    let source = WeightSource(
      name: "merged", file: file, byteOffset: 0, format: .q4_0, count: shape.experts, rows: 2 * shape.inner,
      columns: shape.hidden)
    let backend = try TestBackend.make()
    var weights = try layer.weights(backend)
    weights.gate = try backend.makeWeight(source.slice(rows: 0..<shape.inner))
    weights.up = try backend.makeWeight(source.slice(rows: shape.inner..<2 * shape.inner))
    #expect(try layer.run(backend, weights) == layer.run(backend))
  }
}

extension RawSpan {
  fileprivate func unsafeByte(_ offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}
