internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// What a step throws and returns, and that it says nothing of the steps beside it.
struct StepTests {
  private static let batch = AttentionBatch(
    positions: [0, 1, 0], sequences: [0, 0, 1], blockTables: [[0], [1]])

  /// F32 values of a matrix with one that is no number.
  private static func damaged(rows: Int, columns: Int, row: Int, _ value: Float = .nan) -> [Float] {
    var values = (0..<rows * columns).map { Float($0 % 7) + 0.5 }
    values[row * columns + columns / 2] = value
    return values
  }

  @Test("A damaged weight fails its step, by name and row, and not the next", arguments: Subject.all)
  func damagedWeight(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let x = try bench.buffer(rows: 3, columns: 64)
    let y = try bench.buffer(rows: 3, columns: 9)
    let sound = try bench.weight(rows: 9, columns: 64)
    let bad = try bench.weight(values: Self.damaged(rows: 9, columns: 64, row: 5, .infinity), rows: 9)
    for _ in 0..<2 {
      bench.backend.begin(Self.batch)
      bench.backend.matmul(x, [bad], into: [y])
      expectFailure(of: bad, row: 5) { () throws(BackendError) in _ = try bench.backend.finish() }
      try bench.step(Self.batch) { bench.backend.matmul(x, [sound], into: [y]) }
      #expect(bench.read(y).allSatisfy { $0.isFinite })
    }
  }

  @Test("Every operation looks at its weights before it uses them", arguments: Subject.all)
  func damagedWeights(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let backend = bench.backend
    let x = try bench.buffer(rows: 3, columns: 64)
    let y = try bench.buffer(rows: 3, columns: 64)
    let vector = try bench.weight(values: Self.damaged(rows: 1, columns: 64, row: 0))
    try expectFailure(bench, of: vector) { backend.norm(x, NormParameters(epsilon: 1e-5), gain: vector, into: y) }
    try expectFailure(bench, of: vector) {
      backend.norm(x, NormParameters(.layer, epsilon: 1e-5), gain: nil, bias: vector, into: y)
    }
    try expectFailure(bench, of: vector) { backend.addBias(vector, to: x) }
    let stack = try bench.weight(values: Self.damaged(rows: 2 * 32, columns: 32, row: 40), count: 2, rows: 32)
    try expectFailure(bench, of: stack, row: 40) { backend.matmulHeads(x, stack, into: y) }
    let cache = try backend.makeKVCache(
      KVCacheLayout(
        layers: [KVLayerLayout(kvHeads: 1, keyDimension: 1, valueDimension: 1)], format: .f16, blocks: 2))
    let sinks = try bench.weight(values: Self.damaged(rows: 1, columns: 64, row: 0))
    var parameters = AttentionParameters(heads: 64, scale: 1)
    parameters.sinks = sinks
    let k = try bench.buffer(rows: 3, columns: 1)
    try expectFailure(bench, of: sinks) {
      backend.store(k, k, in: cache, layer: 0)
      backend.attention(x, over: cache, layer: 0, parameters, into: y)
    }
  }

  /// What is damaged of expert 2 of 4.
  enum ExpertPart: CaseIterable { case matrix, bias, factor }

  @Test(
    "A damaged expert fails the rows that are sent to it, and is not looked at before", arguments: Subject.all,
    ExpertPart.allCases)
  func damagedExperts(_ subject: Subject, _ part: ExpertPart) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let backend = bench.backend
    let x = try bench.buffer(rows: 2, columns: 16)
    let y = try bench.buffer(rows: 2, columns: 16)
    let (weights, bad, badRow) = try Self.damagedExpert(bench, part)
    let routing = try backend.makeRouting(rows: 2, used: 1, experts: 4)
    let rule = RoutingRule(.softmax, used: 1, isNormalized: false)
    let without = try bench.buffer(values: [9, 0, 0, 0, 0, 0, 0, 9], rows: 2)
    let with = try bench.buffer(values: [9, 0, 0, 0, 0, 0, 9, 0], rows: 2)
    /// The failures of a step; where its batch has more rows, `batchRows` says which these are.
    func run(_ logits: Buffer, batchRows: [Int]? = nil) throws -> [RowFailure] {
      backend.begin(Self.batch)
      backend.route(logits, rule, bias: nil, into: routing)
      backend.experts(x, routing, weights, batchRows: batchRows, into: y)
      return try backend.finish()
    }
    for _ in 0..<2 {
      #expect(try run(without).isEmpty)
      let sound = bench.read(y)[..<16]
      #expect(backend.isUnchanged(bad) && sound.allSatisfy { $0.isFinite })
      for batchRows in [nil, [1, 2]] {
        let failures = try run(with, batchRows: batchRows)
        #expect(failures.map(\.row) == [batchRows?[1] ?? 1])
        #expect(failures.allSatisfy { $0.error.isNonFinite(bad, row: badRow) })
        #expect(bits(bench.read(y)[..<16]) == bits(sound))
      }
    }
    expectFailure(of: bad, row: badRow) { () throws(BackendError) in try backend.verify(bad, .loading) }
  }

  /// Four experts of which number 2 is damaged; the weight that is, and its row.
  private static func damagedExpert(
    _ bench: Bench, _ part: ExpertPart
  ) throws -> (ExpertWeights, bad: Weight, row: Int) {
    let down = try bench.weight(count: 4, rows: 16, columns: 8)
    var weights = ExpertWeights(
      gate: nil, up: try bench.weight(count: 4, rows: 8, columns: 16), down: down, activation: .silu)
    switch part {
    case .matrix:
      weights.up = try bench.weight(values: damaged(rows: 4 * 8, columns: 16, row: 17), count: 4, rows: 8)
      return (weights, weights.up, 17)
    case .bias:
      let bias = try bench.weight(values: damaged(rows: 4, columns: 16, row: 2), rows: 4)
      weights.downBias = bias
      return (weights, bias, 2)
    case .factor:
      // The third of four values.
      let factors = try bench.weight(values: damaged(rows: 1, columns: 4, row: 0, .infinity))
      weights.upFactors = factors
      return (weights, factors, 0)
    }
  }

  @Test("A damaged row of an embedding fails that row only", arguments: Subject.all)
  func damagedRow(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let values = Self.damaged(rows: 6, columns: 32, row: 4)
    let table = try bench.weight(values: values, rows: 6)
    let x = try bench.buffer(rows: 3, columns: 32)
    for tokens: [Token] in [[0, 4, 1], [4, 4, 4], [2, 3, 5]] {
      bench.backend.begin(Self.batch)
      bench.backend.embed(tokens, from: table, into: x)
      let failures = try bench.backend.finish()
      #expect(failures.map(\.row).sorted() == tokens.indices.filter { tokens[$0] == 4 })
      for failure in failures { #expect(failure.error.isNonFinite(table, row: 4)) }
      for (row, token) in tokens.enumerated() where token != 4 {
        let first = Int(token) * 32
        #expect(Array(bench.read(x)[row * 32..<(row + 1) * 32]) == Array(values[first..<first + 32]))
      }
    }
    #expect(bench.backend.isUnchanged(table))
  }

  @Test("A step without rows does nothing", arguments: Subject.all)
  func emptyStep(_ subject: Subject) throws {
    let bench = try Bench(subject.make(), seed: 1)
    let backend = bench.backend
    let (x, y) = (try bench.buffer(rows: 0, columns: 64), try bench.buffer(rows: 0, columns: 64))
    let k = try bench.buffer(rows: 0, columns: 32)
    let table = try bench.buffer(rows: 0, columns: 8)
    let (matrix, stack) = (
      try bench.weight(.q8_0, rows: 64, columns: 64), try bench.weight(count: 2, rows: 32, columns: 32)
    )
    let gain = try bench.vector(64)
    let layer = KVLayerLayout(kvHeads: 1, keyDimension: 32, valueDimension: 32)
    let cache = try backend.makeKVCache(KVCacheLayout(layers: [layer], format: .f16, blocks: 1))
    let routing = try backend.makeRouting(rows: 0, used: 1, experts: 64)
    try bench.step {
      backend.embed([], from: matrix, into: x)
      backend.norm(x, NormParameters(epsilon: 1), gain: gain, into: y)
      backend.matmul(x, [matrix], into: [y])
      backend.matmulHeads(x, stack, into: y)
      backend.ropeTable(RopeParameters(frequencies: [1, 1, 1, 1], pairing: .split), into: table)
      backend.rope(x, headDimension: 32, table: table, pairing: .split)
      backend.store(k, k, in: cache, layer: 0)
      backend.attention(x, over: cache, layer: 0, AttentionParameters(heads: 2, scale: 1), into: y)
      backend.attention(
        x, over: cache, layer: 0, AttentionParameters(heads: 2, scale: 1, mask: .full(window: nil)), into: y)
      backend.gate(x, by: y, .silu)
      backend.add(y, to: x)
      backend.gather(x, rows: [], into: y)
      backend.route(x, RoutingRule(.softmax, used: 1, isNormalized: false), bias: nil, into: routing)
    }
    #expect(bench.read(y).isEmpty)
  }

  @Test("A cache that its format cannot hold is refused", arguments: Subject.all)
  func unsupportedCache(_ subject: Subject) throws {
    let backend = try subject.make()
    let layer = KVLayerLayout(kvHeads: 1, keyDimension: 40, valueDimension: 32)
    #expect(throws: BackendError.self) {
      _ = try backend.makeKVCache(KVCacheLayout(layers: [layer], format: .q8_0, blocks: 1))
    }
  }

  private func expectFailure(
    _ bench: Bench, of weight: Weight, row: Int = 0, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () -> Void
  ) throws {
    bench.backend.begin(Self.batch)
    body()
    expectFailure(of: weight, row: row, sourceLocation: sourceLocation) { () throws(BackendError) in
      _ = try bench.backend.finish()
    }
    try bench.step(Self.batch) {}
  }

  private func expectFailure(
    of weight: Weight, row: Int, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws(BackendError) -> Void
  ) {
    do throws(BackendError) {
      try body()
      Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch {
      #expect(error.isNonFinite(weight, row: row), "\(error)", sourceLocation: sourceLocation)
    }
  }
}

extension BackendError {
  fileprivate func isNonFinite(_ weight: Weight, row: Int) -> Bool {
    if case .nonFiniteWeight(weight.name, row, _) = self { return true }
    return false
  }
}
