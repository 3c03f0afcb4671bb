internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Routing and experts against the reference.
struct ExpertTests {
  static let rules: [(String, RoutingRule, Int)] = [
    ("softmax", RoutingRule(.softmax, used: 2, isNormalized: true), 8),
    ("softmax, as it is", RoutingRule(.softmax, used: 3, isNormalized: false), 8),
    ("all", RoutingRule(.softmax, used: 5, isNormalized: false), 5),
    ("one of one", RoutingRule(.sigmoid, used: 1, isNormalized: true), 1),
    ("of the chosen", RoutingRule(.softmaxOfChosen, used: 4, isNormalized: false), 32),
    ("sigmoid, scaled", changed(RoutingRule(.sigmoid, used: 6, isNormalized: true)) { $0.scale = 2.5 }, 64),
    ("square root", RoutingRule(.sqrtSoftplus, used: 2, isNormalized: true), 7),
    ("groups", changed(RoutingRule(.sigmoid, used: 4, isNormalized: true)) { ($0.groups, $0.usedGroups) = (8, 3) }, 64),
    (
      "groups of one",
      changed(RoutingRule(.softmax, used: 2, isNormalized: true)) { ($0.groups, $0.usedGroups) = (6, 2) }, 6
    ),
  ]

  private static func changed(_ rule: RoutingRule, _ change: (inout RoutingRule) -> Void) -> RoutingRule {
    var rule = rule
    change(&rule)
    return rule
  }

  @Test("Every way to choose gives the same experts and weights", arguments: Subject.all)
  func routes(_ subject: Subject) throws {
    for (title, rule, experts) in Self.rules {
      for (rows, hasBias, scale) in [(1, false, Float(1)), (33, false, 3), (5, true, 1), (2, true, 20)] {
        try compare(subject, .ofPeak(4e-6), "\(title), \(rows) rows, \(hasBias), \(scale)") { bench in
          let logits = bench.generator.normals(rows * experts, scale: scale)
          let bias = hasBias ? bench.generator.normals(experts, scale: 0.5) : nil
          return try weights(bench, logits, rows: rows, rule, bias: bias)
        }
      }
    }
  }

  @Test(
    "Of equal scores the first expert, and of equal groups the first group, counts as higher", arguments: Subject.all)
  func ties(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let two = RoutingRule(.softmax, used: 2, isNormalized: true)
    #expect(try weights(bench, [1, 1, 1, 1], rows: 1, two) == [0.5, 0.5, 0, 0])
    #expect(try weights(bench, [0, 1, 0, 1, 0, 1], rows: 1, two) == [0, 0.5, 0, 0.5, 0, 0])
    // Zeros of both signs are equal.
    let one = RoutingRule(.softmaxOfChosen, used: 1, isNormalized: false)
    #expect(try weights(bench, [-0.0, 0, 0], rows: 1, one) == [1, 0, 0])
    let grouped = Self.changed(two) { ($0.groups, $0.usedGroups) = (3, 1) }
    #expect(try weights(bench, [0, 0, 1, 1, 1, 1], rows: 1, grouped) == [0, 0, 0.5, 0.5, 0, 0])
  }

  @Test("Sums near zero do not blow weights up", arguments: Subject.all)
  func smallSums(_ subject: Subject) throws {
    let rule = RoutingRule(.sigmoid, used: 2, isNormalized: true)
    let found = try weights(Bench(subject.make(), seed: 1), [-40, -40, -41], rows: 1, rule)
    #expect(found.allSatisfy { $0.isFinite && $0 < 1e-10 })
  }

  /// The weight of each expert for each row: experts answer with one at their own place.
  private func weights(
    _ bench: Bench, _ logits: [Float], rows: Int, _ rule: RoutingRule, bias: [Float]? = nil
  ) throws -> [Float] {
    let experts = logits.count / rows
    let routing = try bench.backend.makeRouting(rows: rows, used: rule.used, experts: experts)
    let up = try bench.weight(values: [Float](repeating: 1, count: experts), count: experts)
    let unit = (0..<experts * experts).map { Float($0 % experts == $0 / experts ? 1 : 0) }
    let down = try bench.weight(values: unit, count: experts, rows: experts)
    let x = try bench.buffer(values: [Float](repeating: 1, count: rows), rows: rows)
    let y = try bench.buffer(rows: rows, columns: experts)
    let scores = try bench.buffer(values: logits, rows: rows)
    let bias = try bias.map { try bench.weight(values: $0) }
    try bench.step {
      bench.backend.route(scores, rule, bias: bias, into: routing)
      bench.backend.experts(
        x, routing, ExpertWeights(gate: nil, up: up, down: down, activation: .squaredRelu), into: y)
    }
    return bench.read(y)
  }

  /// What experts there are and which parts they have.
  struct Shape: Sendable, CustomTestStringConvertible {
    var format: TensorFormat
    var rows: Int
    var experts: Int
    var used: Int
    var hidden: Int
    var inner: Int
    var activation = Activation.silu
    var hasGate = true
    var hasBiases = false
    var hasFactors = false

    var testDescription: String { "\(format), \(rows) rows, \(used) of \(experts) experts, \(activation)" }
  }

  static let shapes: [Shape] = [
    Shape(format: .f32, rows: 1, experts: 4, used: 2, hidden: 7, inner: 5),
    Shape(format: .f32, rows: 33, experts: 8, used: 3, hidden: 33, inner: 17, hasFactors: true),
    Shape(format: .f16, rows: 3, experts: 2, used: 1, hidden: 64, inner: 32, activation: .gelu, hasGate: false),
    Shape(format: .bf16, rows: 5, experts: 4, used: 4, hidden: 40, inner: 24, activation: .squaredRelu, hasGate: false),
    Shape(format: .q8_0, rows: 1, experts: 8, used: 2, hidden: 64, inner: 96),
    Shape(format: .q4_0, rows: 70, experts: 8, used: 2, hidden: 96, inner: 64, hasBiases: true),
    Shape(format: .q4_K, rows: 1, experts: 16, used: 8, hidden: 256, inner: 512),
    Shape(format: .q4_K, rows: 40, experts: 16, used: 8, hidden: 512, inner: 256),
    Shape(
      format: .q5_1, rows: 9, experts: 32, used: 4, hidden: 64, inner: 64, activation: .clampedSwish, hasBiases: true),
    Shape(
      format: .q6_K, rows: 17, experts: 3, used: 2, hidden: 256, inner: 256, activation: .geluErf, hasBiases: true,
      hasFactors: true),
  ]

  @Test("Experts of many kinds", arguments: Subject.all, shapes)
  func experts(_ subject: Subject, _ shape: Shape) throws {
    // Activations are rounded to int8 before both products; differences of single values are independent.
    try compare(subject, shape.format.isDense ? .ofPeak(1e-5) : .ofMeanSquare(0.02), "\(shape)") { bench in
      try Layer(bench, shape).run(rows: 0..<shape.rows)
    }
  }

  @Test("A row has the same bits alone and among others", arguments: Subject.all, shapes)
  func independence(_ subject: Subject, _ shape: Shape) throws {
    let layer = try Layer(Bench(subject.make(), seed: 3), shape)
    let together = bits(try layer.run(rows: 0..<shape.rows))
    let apart = try (0..<shape.rows).flatMap { bits(try layer.run(rows: $0..<$0 + 1)) }
    #expect(together == apart)
    let (front, rest) = (0..<shape.rows / 2, shape.rows / 2..<shape.rows)
    #expect(together == bits(try layer.run(rows: front) + layer.run(rows: rest)))
  }
}

/// A routed layer and rows that go through it.
private struct Layer {
  private let bench: Bench
  private let shape: ExpertTests.Shape
  private let weights: ExpertWeights
  private let x: Buffer
  private let logits: Buffer

  init(_ bench: Bench, _ shape: ExpertTests.Shape) throws {
    (self.bench, self.shape) = (bench, shape)
    x = try bench.buffer(rows: shape.rows, columns: shape.hidden)
    logits = try bench.buffer(rows: shape.rows, columns: shape.experts, scale: 2)
    let gate = shape.hasGate ? try stack(rows: shape.inner, columns: shape.hidden) : nil
    var weights = ExpertWeights(
      gate: gate, up: try stack(rows: shape.inner, columns: shape.hidden),
      down: try stack(rows: shape.hidden, columns: shape.inner), activation: shape.activation)
    if shape.hasBiases {
      weights.gateBias = try shape.hasGate ? bench.weight(rows: shape.experts, columns: shape.inner) : nil
      weights.upBias = try bench.weight(rows: shape.experts, columns: shape.inner)
      weights.downBias = try bench.weight(rows: shape.experts, columns: shape.hidden)
    }
    if shape.hasFactors {
      weights.gateFactors = try shape.hasGate ? bench.vector(shape.experts) : nil
      weights.upFactors = try bench.vector(shape.experts)
      weights.downFactors = try bench.vector(shape.experts)
    }
    self.weights = weights

    func stack(rows: Int, columns: Int) throws -> Weight {
      try bench.weight(shape.format, count: shape.experts, rows: rows, columns: columns)
    }
  }

  func run(rows: Range<Int>) throws -> [Float] {
    let routing = try bench.backend.makeRouting(rows: shape.rows, used: shape.used, experts: shape.experts)
    let part = try bench.backend.makeBuffer(rows: rows.count, columns: shape.hidden)
    let scores = try bench.backend.makeBuffer(rows: rows.count, columns: shape.experts)
    let y = try bench.backend.makeBuffer(rows: rows.count, columns: shape.hidden)
    try bench.step {
      bench.backend.gather(x, rows: Array(rows), into: part)
      bench.backend.gather(logits, rows: Array(rows), into: scores)
      bench.backend.route(
        scores, RoutingRule(.softmax, used: shape.used, isNormalized: true), bias: nil, into: routing)
      bench.backend.experts(part, routing, weights, into: y)
    }
    return bench.read(y)
  }
}
