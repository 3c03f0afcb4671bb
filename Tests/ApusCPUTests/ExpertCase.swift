internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// Random weights of a routed feed-forward layer, each in a file of its own, and rows that go through it.
final class ExpertCase {
  struct Shape {
    var hidden: Int
    var inner: Int
    var experts: Int
    var used: Int
    var rows: Int
  }

  struct Formats: CustomTestStringConvertible {
    /// Nil for experts without a gate.
    var gate: TensorFormat?
    var up: TensorFormat
    var down: TensorFormat
    var hasExtras = false
    var activation = Activation.silu

    init(_ format: TensorFormat) { (gate, up, down) = (format, format, format) }

    init(gate: TensorFormat?, up: TensorFormat, down: TensorFormat, hasExtras: Bool, _ activation: Activation) {
      (self.gate, self.up, self.down, self.hasExtras, self.activation) = (gate, up, down, hasExtras, activation)
    }

    var testDescription: String { "\(gate.map { "\($0)" } ?? "no gate"), \(up), \(down), \(activation)" }
  }

  let shape: Shape
  let formats: Formats
  private let folder: TemporaryFolder
  private var sources: [String: WeightSource] = [:]
  /// `[rows, hidden]` and `[rows, experts]`.
  let x: [Float]
  let logits: [Float]
  let rule: RoutingRule

  init(_ shape: Shape, _ formats: Formats, seed: UInt64 = 1) throws {
    var generator = SeededGenerator(seed: seed)
    (self.shape, self.formats) = (shape, formats)
    folder = try TemporaryFolder()
    x = generator.normals(shape.rows * shape.hidden)
    logits = generator.normals(shape.rows * shape.experts, scale: 2)
    rule = RoutingRule(.softmaxOfChosen, used: shape.used, isNormalized: false)
    let matrices = [
      ("gate", formats.gate, shape.inner, shape.hidden), ("up", formats.up, shape.inner, shape.hidden),
      ("down", formats.down, shape.hidden, shape.inner),
    ]
    for (name, format, rows, columns) in matrices {
      guard let format else { continue }
      try add(name, format, count: shape.experts, rows: rows, columns: columns, &generator)
      guard formats.hasExtras else { continue }
      // Vectors in F16 are floats only after they were decoded.
      try add(name + " bias", name == "up" ? .f16 : .f32, rows: shape.experts, columns: rows, &generator)
      try add(name + " factors", .f32, rows: 1, columns: shape.experts, &generator)
    }
    try add("x", .f32, rows: shape.rows, columns: shape.hidden, bytes: x.flatMap(\.littleEndianBytes))
    try add("logits", .f32, rows: shape.rows, columns: shape.experts, bytes: logits.flatMap(\.littleEndianBytes))
  }

  private func add(
    _ name: String, _ format: TensorFormat, count: Int = 1, rows: Int, columns: Int, _ generator: inout SeededGenerator
  ) throws {
    let bytes = RandomTensor.bytes(format, elements: count * rows * columns, using: &generator)
    try add(name, format, count: count, rows: rows, columns: columns, bytes: bytes)
  }

  private func add(
    _ name: String, _ format: TensorFormat, count: Int = 1, rows: Int, columns: Int, bytes: [UInt8]
  ) throws {
    let file = try MappedFile(path: folder.write(bytes, to: name))
    sources[name] = WeightSource(
      name: name, file: file, byteOffset: 0, format: format, count: count, rows: rows, columns: columns)
  }

  func source(_ name: String) throws -> WeightSource { try #require(sources[name]) }

  /// Changes bytes in the file of a weight.
  func overwrite(_ name: String, at offset: Int, with bytes: [UInt8]) throws {
    let handle = try FileHandle(forWritingTo: folder.url.appendingPathComponent(name))
    defer { try? handle.close() }
    try handle.seek(toOffset: UInt64(offset))
    try handle.write(contentsOf: Data(bytes))
  }

  func weights(_ backend: CPUBackend) throws -> ExpertWeights {
    func weight(_ name: String) throws -> Weight? { try sources[name].map { try backend.makeWeight($0) } }
    var weights = ExpertWeights(
      gate: try weight("gate"), up: try #require(try weight("up")), down: try #require(try weight("down")),
      activation: formats.activation)
    (weights.gateBias, weights.gateFactors) = (try weight("gate bias"), try weight("gate factors"))
    (weights.upBias, weights.upFactors) = (try weight("up bias"), try weight("up factors"))
    (weights.downBias, weights.downFactors) = (try weight("down bias"), try weight("down factors"))
    return weights
  }

  /// y `[rows.count, hidden]` of some rows, computed together; none of them fails.
  func run(
    _ backend: CPUBackend, rows: Range<Int>? = nil, _ weights: ExpertWeights? = nil
  ) throws -> [Float] {
    let (y, failures) = try step(backend, rows: rows, weights)
    #expect(failures.isEmpty)
    return y
  }

  /// The same, with the rows that failed.
  func step(
    _ backend: CPUBackend, rows: Range<Int>? = nil, _ weights: ExpertWeights? = nil
  ) throws -> (y: [Float], failures: [RowFailure]) {
    let rows = rows ?? 0..<shape.rows
    let weights = try weights ?? self.weights(backend)
    let x = try buffer(backend, "x", rows), logits = try buffer(backend, "logits", rows)
    let y = try backend.makeBuffer(rows: rows.count, columns: shape.hidden)
    let routing = try backend.makeRouting(rows: rows.count, used: shape.used, experts: shape.experts)
    backend.begin(AttentionBatch())
    backend.route(logits, rule, bias: nil, into: routing)
    backend.experts(x, routing, weights, into: y)
    let failures = try backend.finish()
    var values = [Float](repeating: 0, count: rows.count * shape.hidden)
    var span = values.mutableSpan
    backend.read(y, rows: 0..<rows.count, into: &span)
    return (values, failures)
  }

  /// Some rows of a table, as activations.
  func buffer(_ backend: CPUBackend, _ name: String, _ rows: Range<Int>) throws -> Buffer {
    let table = try backend.makeWeight(source(name))
    let buffer = try backend.makeBuffer(rows: rows.count, columns: table.columns)
    backend.embed(rows.map { Token($0) }, from: table, into: buffer)
    return buffer
  }

  /// The experts of a row, best first, and their weights.
  func choice(_ row: Int) -> [(expert: Int, weight: Double)] {
    let logits = logits[row * shape.experts..<(row + 1) * shape.experts].map(Double.init)
    let chosen = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(shape.used)
    let sum = chosen.reduce(0) { $0 + exp(logits[$1]) }
    return chosen.map { ($0, exp(logits[$0]) / sum) }
  }
}

extension ExpertCase {
  /// One row by plain loops over decoded weights.
  func expected(_ row: Int) throws -> [Double] {
    let input = x[row * shape.hidden..<(row + 1) * shape.hidden].map(Double.init)
    var y = [Double](repeating: 0, count: shape.hidden)
    for (expert, weight) in choice(row) {
      let up = try product("up", expert, input)
      let gate = formats.gate == nil ? nil : try product("gate", expert, input)
      let inner = up.indices.map { Self.activate(formats.activation, gate?[$0], up[$0]) }
      let down = try product("down", expert, inner)
      for index in y.indices { y[index] += weight * down[index] }
    }
    return y
  }

  private func product(_ name: String, _ expert: Int, _ x: [Double]) throws -> [Double] {
    let source = try source(name)
    let matrix = decode(source, from: expert * source.matrixStride, count: source.rows * source.columns)
    var y = (0..<source.rows).map { row in
      (0..<source.columns).reduce(0) { $0 + Double(matrix[row * source.columns + $1]) * x[$1] }
    }
    if let factors = sources[name + " factors"] {
      let factor = Double(decode(factors, from: 0, count: shape.experts)[expert])
      for index in y.indices { y[index] *= factor }
    }
    if let bias = sources[name + " bias"] {
      let values = decode(bias, from: expert * bias.rowByteCount, count: bias.columns)
      for index in y.indices { y[index] += Double(values[index]) }
    }
    return y
  }

  private func decode(_ source: WeightSource, from offset: Int, count: Int) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    var span = values.mutableSpan
    let byteCount = count / source.format.blockElements * source.format.blockByteCount
    let start = source.byteOffset + offset
    source.format.decode(source.file.bytes.extracting(start..<start + byteCount), into: &span)
    return values
  }

  private static func activate(_ activation: Activation, _ gate: Double?, _ up: Double) -> Double {
    func plain(_ x: Double) -> Double {
      switch activation {
      case .silu: x / (1 + exp(-x))
      case .gelu: x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
      case .geluErf: x / 2 * (1 + erf(x / 2.0.squareRoot()))
      case .squaredRelu: max(x, 0) * max(x, 0)
      case .sigmoid: 1 / (1 + exp(-x))
      case .tanh: Foundation.tanh(x)
      case .clampedSwish: .nan
      }
    }
    guard let gate else { return plain(up) }
    guard activation == .clampedSwish else { return plain(gate) * up }
    let g = min(gate, 7)
    return g / (1 + exp(-1.702 * g)) * (min(max(up, -7), 7) + 1)
  }
}
