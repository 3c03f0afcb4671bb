internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Keys and values that are stored, and attention over them, against the reference.
struct AttentionTests {
  /// A layer and what looks at it.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var layout: KVLayerLayout
    var heads: Int
    var mask: AttentionParameters.Mask
    var hasSinks: Bool
    private var change: @Sendable (inout AttentionParameters) -> Void

    init(
      _ title: String, _ layout: KVLayerLayout, heads: Int, mask: AttentionParameters.Mask = .causal(window: nil),
      sinks: Bool = false, _ change: @escaping @Sendable (inout AttentionParameters) -> Void = { _ in }
    ) {
      testDescription = title
      (self.layout, self.heads, self.mask, self.change) = (layout, heads, mask, change)
      hasSinks = sinks
    }

    func parameters() -> AttentionParameters {
      var parameters = AttentionParameters(heads: heads, scale: 0.2, mask: mask)
      change(&parameters)
      return parameters
    }
  }

  private static let grouped = KVLayerLayout(kvHeads: 2, keyDimension: 64, valueDimension: 64)
  private static let odd = KVLayerLayout(kvHeads: 3, keyDimension: 24, valueDimension: 12)

  static let cases: [Case] = [
    Case("plain", grouped, heads: 2), Case("groups", grouped, heads: 14), Case("odd", odd, heads: 6),
    Case("other values", KVLayerLayout(kvHeads: 1, keyDimension: 192, valueDimension: 128), heads: 3),
    Case("latent", KVLayerLayout(kvHeads: 1, keyDimension: 576, valueDimension: 512, valuesAreKeys: true), heads: 5),
    Case(
      "latent, small", KVLayerLayout(kvHeads: 1, keyDimension: 40, valueDimension: 32, valuesAreKeys: true), heads: 2),
    Case("window of one", odd, heads: 3, mask: .causal(window: 1)),
    Case("window in a block", grouped, heads: 4, mask: .causal(window: 7)),
    Case("window", odd, heads: 6, mask: .causal(window: 45)),
    Case("full", grouped, heads: 4, mask: .full(window: nil)),
    Case("full window", odd, heads: 3, mask: .full(window: 9)),
    Case("full window of many", grouped, heads: 2, mask: .full(window: 70)),
    Case("soft cap", grouped, heads: 4) { $0.softCap = 0.7 },
    Case("slopes", odd, heads: 6) { $0.slopes = [0.5, 0.25, 0.125, 0.0625, 0.03, 0] },
    Case("full slopes", odd, heads: 3, mask: .full(window: nil)) { $0.slopes = [0.5, 0.25, 0.125] },
    Case("sinks", grouped, heads: 8, sinks: true),
    Case("sinks in a window", grouped, heads: 4, mask: .causal(window: 20), sinks: true),
    Case("all at once", odd, heads: 6, mask: .causal(window: 33), sinks: true) {
      ($0.softCap, $0.slopes) = (2, [0.5, 0.25, 0.125, 0.0625, 0.03, 0.01])
    },
  ]

  // With F16 and F32 both sides keep the same keys and values, and sum in another order. With Q8_0 the CPU rounds queries to
  // int8 too: a score is then off by some hundredths, and so, in parts, are the weights of the values.
  static func tolerance(_ format: KVFormat) -> Tolerance { format == .q8_0 ? .ofMeanSquare(0.02) : .ofPeak(1e-5) }

  @Test("Attention of prompts and single tokens", arguments: Subject.all, cases)
  func attention(_ subject: Subject, _ layer: Case) throws {
    for format in KVFormat.allCases where layer.layout.byteCount(format) != nil {
      for plan in StepPlan.all where layer.allows(plan) {
        try compare(subject, Self.tolerance(format), "\(layer.testDescription), \(format), \(plan.title)") { bench in
          try Attention(bench, format, [layer.layout], layer, plan).run()
        }
      }
    }
  }

  @Test("Layers of other shapes do not touch each other", arguments: Subject.all, KVFormat.allCases)
  func layers(_ subject: Subject, format: KVFormat) throws {
    let wide = KVLayerLayout(kvHeads: 1, keyDimension: 96, valueDimension: 32)
    let shared = KVLayerLayout(kvHeads: 1, keyDimension: 96, valueDimension: 32, valuesAreKeys: true)
    let none = KVLayerLayout(kvHeads: 0, keyDimension: 32, valueDimension: 32)
    try compare(subject, Self.tolerance(format), "\(format)") { bench in
      let layouts = [Self.grouped, wide, none, shared, Self.grouped]
      let layer = Case("", Self.grouped, heads: 4)
      return try Attention(bench, format, layouts, layer, StepPlan.all[1]).run()
    }
  }

  @Test("A row's attention has the same bits however steps are cut and shared", arguments: Subject.all, cases)
  func independence(_ subject: Subject, _ layer: Case) throws {
    for format in KVFormat.allCases where layer.layout.byteCount(format) != nil {
      // Plain C takes long for what shows at any depth.
      let isShort = if case .full = layer.mask { true } else { subject.isSlow }
      let depths = isShort ? [0] : [0, 470]
      for plans in depths.map({ StepPlan.cuts(stored: $0).filter(layer.allows) }) {
        let results = try plans.map { plan in
          let bench = try Bench(subject.make(), seed: 7)
          return bits(try Attention(bench, format, [layer.layout], layer, plan).run())
        }
        for (result, plan) in zip(results, plans) {
          #expect(result == results[0], "\(format), \(plan.title) after \(plan.stored)")
        }
      }
    }
  }
}

extension AttentionTests {
  @Test("A long prompt's attention has the same bits however cut, whatever the threads", arguments: KVFormat.allCases)
  func longPrompts(format: KVFormat) throws {
    let layer = Case("", Self.grouped, heads: 4)
    let results = try [1, 2, 5].flatMap { threads in
      try StepPlan.longPrompts.map { plan in
        let bench = try Bench(Subject.cpu(threads: threads).make(), seed: 7)
        return bits(try Attention(bench, format, [layer.layout], layer, plan).run())
      }
    }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }
}

extension AttentionTests.Case {
  /// Without a causal mask all of a sequence is in one step.
  func allows(_ plan: StepPlan) -> Bool {
    if case .full = mask { return plan.isWhole }
    return !plan.isForFullMasks
  }
}

/// Which positions of which sequences the steps of a test have.
struct StepPlan: Sendable {
  /// One step's part of a sequence.
  typealias Part = (sequence: Int, positions: Range<Int>)

  let title: String
  /// Positions of the first sequence whose keys and values are stored before all steps.
  var stored = 0
  let steps: [[Part]]
  /// Whether causal masks, for which there are better plans, leave it out.
  var isForFullMasks = false

  var isWhole: Bool { steps.allSatisfy { $0.allSatisfy { $0.positions.lowerBound == 0 } } }
  /// Positions that each sequence has in the end.
  var lengths: [Int] {
    var lengths: [Int] = []
    for part in steps.joined() {
      while lengths.count <= part.sequence { lengths.append(0) }
      lengths[part.sequence] = max(lengths[part.sequence], part.positions.upperBound)
    }
    return lengths
  }

  static let all = [
    StepPlan(title: "one row", steps: [[(0, 0..<1)]]),
    StepPlan(title: "33 rows", steps: [[(0, 0..<33)]]),
    StepPlan(title: "three sequences", steps: [[(0, 0..<5), (1, 0..<40), (2, 0..<1)]]),
    StepPlan(
      title: "several steps", steps: [[(0, 0..<30)], [(0, 30..<31)], [(0, 31..<70), (1, 0..<3)], [(0, 70..<71)]]),
    StepPlan(title: "parts of 512", stored: 509, steps: [[(0, 509..<530)], [(0, 530..<531), (1, 0..<1)]]),
    StepPlan(title: "a long whole", steps: [[(0, 0..<530)]], isForFullMasks: true),
  ]

  /// The same prompt, so long that many tokens share keys and values, cut in two ways.
  static let longPrompts = [
    StepPlan(title: "at once", steps: [[(0, 0..<530)]]),
    StepPlan(title: "in pieces", steps: [[(0, 0..<17)], [(0, 17..<511)], [(0, 511..<530)]]),
  ]

  /// The same two sequences, cut and shared in several ways, over `stored` positions and a little more.
  static func cuts(stored: Int) -> [StepPlan] {
    let end = stored + 60
    return [
      StepPlan(title: "each at once", stored: stored, steps: [[(0, stored..<end)], [(1, 0..<37)]]),
      StepPlan(title: "together", stored: stored, steps: [[(0, stored..<end), (1, 0..<37)]]),
      StepPlan(title: "the other first", stored: stored, steps: [[(1, 0..<37), (0, stored..<end)]]),
      StepPlan(
        title: "in pieces", stored: stored,
        steps: [
          [(0, stored..<stored + 1)], [(0, stored + 1..<stored + 34), (1, 0..<36)], [(0, stored + 34..<stored + 51)],
          [(1, 36..<37), (0, stored + 51..<stored + 53)], [(0, stored + 53..<end)],
        ]),
    ]
  }
}

/// One run of a plan: rows are stored and looked at, step by step.
private struct Attention {
  let bench: Bench
  let cache: KVCache
  let layers: [KVLayerLayout]
  let tested: AttentionTests.Case
  let plan: StepPlan
  let parameters: AttentionParameters
  private let tables: [[Int32]]

  init(
    _ bench: Bench, _ format: KVFormat, _ layers: [KVLayerLayout], _ tested: AttentionTests.Case, _ plan: StepPlan
  ) throws {
    (self.bench, self.layers, self.tested, self.plan) = (bench, layers, tested, plan)
    let counts = plan.lengths.map { KVCacheLayout.blocks(forPositions: $0) }
    let blocks = counts.reduce(1, +)
    cache = try bench.backend.makeKVCache(KVCacheLayout(layers: layers, format: format, blocks: blocks))
    var order = (0..<Int32(blocks)).shuffled(using: &bench.generator)
    tables = counts.map { count in
      defer { order.removeFirst(count) }
      return Array(order.prefix(count))
    }
    var parameters = tested.parameters()
    if tested.hasSinks {
      parameters.sinks = try bench.weight(values: bench.generator.normals(parameters.heads, scale: 2))
    }
    self.parameters = parameters
  }

  /// The results of all layers like the tested one, sequence by sequence.
  func run() throws -> [Float] {
    var results = plan.lengths.map { [[Float]](repeating: [], count: $0) }
    if plan.stored > 0 { try store([(0, 0..<plan.stored)]) }
    for step in plan.steps {
      let rows = step.flatMap { part in part.positions.map { (part.sequence, $0) } }
      let values = try run(batch(step))
      let width = values.count / rows.count
      for (index, (sequence, position)) in rows.enumerated() {
        results[sequence][position] = Array(values[index * width..<(index + 1) * width])
      }
    }
    return results.joined().flatMap { $0 }
  }

  private func batch(_ step: [StepPlan.Part]) -> AttentionBatch {
    let rows = step.flatMap { part in part.positions.map { (part.sequence, $0) } }
    return AttentionBatch(
      positions: rows.map { Int32($0.1) }, sequences: rows.map { Int32($0.0) }, blockTables: tables)
  }

  /// A layer's input: keys, and values where they are stored apart.
  private func keysAndValues(_ batch: AttentionBatch, _ index: Int) throws -> (k: Buffer, v: Buffer?) {
    let layout = layers[index]
    let k = try rows(batch, width: layout.kvHeads * layout.keyDimension, kind: 3 * index)
    if layout.valuesAreKeys { return (k, nil) }
    return (k, try rows(batch, width: layout.kvHeads * layout.valueDimension, kind: 3 * index + 1))
  }

  private var used: [Int] { layers.indices.filter { layers[$0].kvHeads > 0 } }

  /// A step that only stores.
  private func store(_ step: [StepPlan.Part]) throws {
    let batch = batch(step)
    let inputs = try used.map { try keysAndValues(batch, $0) }
    try bench.step(batch) {
      for (index, input) in zip(used, inputs) { bench.backend.store(input.k, input.v, in: cache, layer: index) }
    }
  }

  /// One step; row after row, the results of all layers.
  private func run(_ batch: AttentionBatch) throws -> [Float] {
    let inputs = try used.map { index in
      let (k, v) = try keysAndValues(batch, index)
      return (
        k: k, v: v, q: try rows(batch, width: heads(index) * layers[index].keyDimension, kind: 3 * index + 2),
        y: try bench.backend.makeBuffer(rows: batch.rows, columns: heads(index) * layers[index].valueDimension)
      )
    }
    try bench.step(batch) {
      for (index, input) in zip(used, inputs) { bench.backend.store(input.k, input.v, in: cache, layer: index) }
      for (index, input) in zip(used, inputs) {
        var parameters = parameters
        parameters.heads = heads(index)
        bench.backend.attention(input.q, over: cache, layer: index, parameters, into: input.y)
      }
    }
    let outputs = inputs.map { (bench.read($0.y), $0.y.columns) }
    return (0..<batch.rows).flatMap { row in
      outputs.flatMap { values, columns in values[row * columns..<(row + 1) * columns] }
    }
  }

  private func heads(_ layer: Int) -> Int { layers.count == 1 ? tested.heads : 2 * layers[layer].kvHeads }

  /// Random rows that depend on sequence and position alone.
  private func rows(_ batch: AttentionBatch, width: Int, kind: Int) throws -> Buffer {
    let values = zip(batch.sequences, batch.positions).flatMap { sequence, position in
      var generator = SeededGenerator(seed: UInt64(kind) << 40 + UInt64(sequence) << 20 + UInt64(position))
      return generator.normals(width)
    }
    return try bench.buffer(values: values, rows: batch.rows)
  }
}
