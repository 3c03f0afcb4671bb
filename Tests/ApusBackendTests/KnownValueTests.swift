internal import ApusCore
internal import Testing

/// Results that a person can work out: what holds the reference itself to the formulas.
struct KnownValueTests {
  private func expect(
    _ found: [Float], _ expected: [Float], within limit: Float = 2e-6, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (found, expected) in zip(found, expected) {
      #expect(abs(found - expected) <= limit, "\(found), not \(expected)", sourceLocation: sourceLocation)
    }
  }

  @Test("Norms", arguments: Subject.all)
  func norms(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let y = try bench.buffer(rows: 1, columns: 4)
    func norm(
      _ kind: NormParameters.Kind, groups: Int = 1, gain: [Float]? = nil, bias: [Float]? = nil
    ) throws -> [Float] {
      let x = try bench.buffer(values: [1, 7, 3, 4], rows: 1)
      let (gain, bias) = (try gain.map { try bench.weight(values: $0) }, try bias.map { try bench.weight(values: $0) })
      try bench.step {
        bench.backend.norm(x, NormParameters(kind, epsilon: 0, groups: groups), gain: gain, bias: bias, into: y)
      }
      return bench.read(y)
    }
    // 1² + 7² = 2 · 5², 3² + 4² = 2 · 3.5355².
    expect(try norm(.rms, groups: 2), [0.2, 1.4, 0.848528, 1.131371])
    expect(try norm(.rms, groups: 2, gain: [10, 1], bias: [0, 1]), [2, 2.4, 8.485281, 2.131371], within: 1e-5)
    expect(try norm(.rms, groups: 2, gain: [1, 2, 3, 0]), [0.2, 2.8, 2.545584, 0], within: 1e-5)
    expect(try norm(.layer, groups: 2), [-1, 1, -1, 1])
    expect(try norm(.layer, bias: [0, 0, 0, 1]), [-1.270171, 1.501111, -0.346410, 1.115470], within: 1e-5)
  }

  @Test("Activations", arguments: Subject.all)
  func activations(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    func gate(_ value: Float, _ up: Float, _ activation: Activation) throws -> Float {
      let (x, y) = (try bench.buffer(values: [up], rows: 1), try bench.buffer(values: [value], rows: 1))
      try bench.step { bench.backend.gate(x, by: y, activation) }
      return bench.read(x)[0]
    }
    expect([try gate(1, 2, .silu), try gate(-1, 1, .silu)], [1.4621172, -0.26894143])
    expect([try gate(1, 1, .gelu), try gate(-1, 1, .gelu)], [0.8411920, -0.15880801])
    expect([try gate(1, 1, .geluErf), try gate(-1, 1, .geluErf)], [0.8413447, -0.15865525])
    expect([try gate(3, 2, .squaredRelu), try gate(-3, 2, .squaredRelu)], [18, 0])
    expect([try gate(0, 4, .sigmoid), try gate(2, 1, .sigmoid)], [2, 0.8807971])
    // 1 · σ(1.702) · (1 + 1); 7 · σ(11.914) · (-7 + 1), as both are beyond their limits; a gate has no lower one.
    expect([try gate(1, 1, .clampedSwish), try gate(9, -8, .clampedSwish)], [1.6915927, -41.999719], within: 1e-5)
    expect([try gate(-9, 0, .clampedSwish)], [-2.005e-6], within: 1e-7)
  }

  @Test("RoPE turns by position times frequency", arguments: Subject.all)
  func rope(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    // A right angle, and none.
    let parameters = RopeParameters(frequencies: [.pi / 6, 0], magnitude: 2, pairing: .split)
    let batch = AttentionBatch(positions: [3], sequences: [0], blockTables: [[0]])
    for (pairing, expected) in [
      (RopeParameters.Pairing.split, [Float](arrayLiteral: 9, -6, 4, 2, 8)), (.adjacent, [9, -4, 2, 6, 8]),
    ] {
      let x = try bench.buffer(values: [9, 1, 2, 3, 4], rows: 1)
      let table = try bench.buffer(rows: 1, columns: 4)
      try bench.step(batch) {
        bench.backend.ropeTable(parameters, into: table)
        bench.backend.rope(x, headDimension: 5, offset: 1, table: table, pairing: pairing)
      }
      expect(bench.read(x), expected)
    }
  }

  @Test("Attention weighs values by softmax, with all that can change a score", arguments: Subject.all)
  func attention(_ subject: Subject) throws {
    let plain = AttentionParameters(heads: 1, scale: 0.5)
    expect(try attend(subject, plain), weights([[1], [1, e], [1, e, e * e]]))
    expect(try attend(subject, plain, mask: .causal(window: 2)), weights([[1], [1, e], [0, e, e * e]]))
    let all = [1, e, e * e]
    expect(try attend(subject, plain, mask: .full(window: nil)), weights([all, all, all]))
    expect(try attend(subject, plain, mask: .full(window: 2)), weights([[1, e], all, [0, e, e * e]]))
    expect(try attend(subject, plain, mask: .full(window: 1)), weights([[1], [0, 1], [0, 0, 1]]))
    // The slope gives one to a score for each position of distance: all scores of a row are equal.
    var sloped = plain
    sloped.slopes = [-1]
    expect(try attend(subject, sloped), weights([[1], [1, 1], [1, 1, 1]]))
    // exp(1.5 · tanh(1 / 1.5)), exp(1.5 · tanh(2 / 1.5)).
    var capped = plain
    capped.softCap = 1.5
    expect(try attend(subject, capped), weights([[1], [1, 2.396896], [1, 2.396896, 3.688030]]), within: 1e-5)
    expect(try attend(subject, plain, sink: 1), weights([[1], [1, e], [1, e, e * e]], sink: e))
  }

  private let e: Float = 2.7182818

  /// Shares of the first two of each row's terms.
  private func weights(_ rows: [[Float]], sink: Float = 0) -> [Float] {
    rows.flatMap { terms in
      let sum = terms.reduce(sink, +)
      return [terms[0] / sum, terms.count > 1 ? terms[1] / sum : 0]
    }
  }

  /// Three rows of one head with scores 0, 1 and 2; values tell the first position and the second.
  private func attend(
    _ subject: Subject, _ parameters: AttentionParameters, mask: AttentionParameters.Mask = .causal(window: nil),
    sink: Float? = nil
  ) throws -> [Float] {
    let bench = try Bench(subject.make(), seed: 1)
    let layer = KVLayerLayout(kvHeads: 1, keyDimension: 1, valueDimension: 2)
    let cache = try bench.backend.makeKVCache(KVCacheLayout(layers: [layer], format: .f16, blocks: 1))
    var parameters = parameters
    parameters.mask = mask
    parameters.sinks = try sink.map { try bench.weight(values: [$0]) }
    let batch = AttentionBatch(positions: [0, 1, 2], sequences: [0, 0, 0], blockTables: [[0]])
    let (k, q) = (try bench.buffer(values: [0, 1, 2], rows: 3), try bench.buffer(values: [2, 2, 2], rows: 3))
    let v = try bench.buffer(values: [1, 0, 0, 1, 0, 0], rows: 3)
    let y = try bench.buffer(rows: 3, columns: 2)
    try bench.step(batch) {
      bench.backend.store(k, v, in: cache, layer: 0)
      bench.backend.attention(q, over: cache, layer: 0, parameters, into: y)
    }
    return bench.read(y)
  }

  @Test("An expert is gate, up and down, with factors before biases", arguments: Subject.all)
  func experts(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let routing = try bench.backend.makeRouting(rows: 1, used: 2, experts: 2)
    var weights = ExpertWeights(
      gate: try bench.weight(values: [1, 2], count: 2), up: try bench.weight(values: [3, 4], count: 2),
      down: try bench.weight(values: [1, 10, 1, 100], count: 2, rows: 2), activation: .squaredRelu)
    weights.gateBias = try bench.weight(values: [1, 0], rows: 2)
    weights.upBias = try bench.weight(values: [0, 1], rows: 2)
    weights.downBias = try bench.weight(values: [0, 0, 1, 2], rows: 2)
    weights.gateFactors = try bench.weight(values: [2, 1])
    weights.downFactors = try bench.weight(values: [1, 0.5])
    let x = try bench.buffer(values: [2], rows: 1)
    let (logits, y) = (try bench.buffer(values: [0, 0], rows: 1), try bench.buffer(rows: 1, columns: 2))
    try bench.step {
      bench.backend.route(logits, RoutingRule(.sigmoid, used: 2, isNormalized: false), bias: nil, into: routing)
      bench.backend.experts(x, routing, weights, into: y)
    }
    // First: (2 · 2 + 1)² · 6 = 150. Second: 4² · 9 = 144, halved by its factor. Both weigh a half.
    expect(bench.read(y), [75 + (72 + 1) / 2, 750 + (7_200 + 2) / 2])
  }
}
