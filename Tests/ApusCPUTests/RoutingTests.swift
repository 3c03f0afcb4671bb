internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// How logits choose experts, seen through experts whose result is their own number.
struct RoutingTests {
  /// The weight of each expert for rows of logits; 0 for those that were not chosen.
  ///
  /// Logits that are infinite become NaN: a file may not hold those.
  private func weights(_ rows: [[Float]], _ rule: RoutingRule, bias: [Float]? = nil) throws -> [[Float]] {
    let count = rows[0].count
    let folder = try TemporaryFolder(), backend = try TestBackend.make()
    func weight(_ name: String, count: Int = 1, rows: Int, columns: Int, _ values: [Float]) throws -> Weight {
      let file = try MappedFile(path: folder.write(values.flatMap(\.littleEndianBytes), to: name))
      return try backend.makeWeight(
        WeightSource(
          name: name, file: file, byteOffset: 0, format: .f32, count: count, rows: rows, columns: columns))
    }
    // Expert e: from 1 its one inner value 1, from that 1 in column e.
    let ones = [Float](repeating: 1, count: max(count, rows.count))
    let units = (0..<count * count).map { Float($0 / count == $0 % count ? 1 : 0) }
    let experts = ExpertWeights(
      gate: nil, up: try weight("up", count: count, rows: 1, columns: 1, ones),
      down: try weight("down", count: count, rows: count, columns: 1, units), activation: .squaredRelu)
    let finite = rows.joined().map { $0.isFinite ? $0 : 0 }
    let table = try weight("logits", rows: rows.count, columns: count, finite)
    let input = try weight("x", rows: rows.count, columns: 1, ones)
    let (logits, x) = (
      try backend.makeBuffer(rows: rows.count, columns: count), try backend.makeBuffer(rows: rows.count, columns: 1)
    )
    let y = try backend.makeBuffer(rows: rows.count, columns: count)
    backend.embed(rows.indices.map { Token($0) }, from: table, into: logits)
    backend.embed(rows.indices.map { Token($0) }, from: input, into: x)
    for sign: Float in [1, -1] where !rows.joined().allSatisfy({ $0.isFinite }) {
      let huge = rows.joined().map { $0.isFinite ? 0 : sign * .greatestFiniteMagnitude }
      let table = try weight("huge \(sign)", rows: rows.count, columns: count, huge)
      let infinite = try backend.makeBuffer(rows: rows.count, columns: count)
      backend.embed(rows.indices.map { Token($0) }, from: table, into: infinite)
      backend.add(infinite, to: infinite)
      backend.add(infinite, to: logits)
    }
    let routing = try backend.makeRouting(rows: rows.count, used: rule.used, experts: count)
    backend.begin(AttentionBatch())
    backend.route(
      logits, rule, bias: try bias.map { try weight("bias", rows: 1, columns: count, $0) }, into: routing)
    backend.experts(x, routing, experts, into: y)
    _ = try backend.finish()
    var values = [Float](repeating: 0, count: rows.count * count)
    var span = values.mutableSpan
    backend.read(y, rows: rows.indices, into: &span)
    return rows.indices.map { Array(values[$0 * count..<($0 + 1) * count]) }
  }

  private func agree(_ found: [Float], _ expected: [Double]) -> Bool {
    zip(found, expected).allSatisfy { abs(Double($0) - $1) <= 1e-6 * max(1, abs($1)) && ($0 == 0) == ($1 == 0) }
  }

  private static let logits: [Float] = [0.5, -1, 2, 0.25, 1.5, -3]

  @Test("Each way of scoring weighs the best experts")
  func scoring() throws {
    let x = Self.logits.map(Double.init)
    let sum = x.reduce(0) { $0 + exp($1) }
    let chosen = exp(x[2]) + exp(x[4])
    let expected: [(RoutingRule.Scoring, (Double) -> Double)] = [
      (.softmax, { exp($0) / sum }), (.sigmoid, { 1 / (1 + exp(-$0)) }), (.softmaxOfChosen, { exp($0) / chosen }),
      (.sqrtSoftplus, { log(1 + exp($0)).squareRoot() }),
    ]
    for (scoring, score) in expected {
      let found = try weights([Self.logits], RoutingRule(scoring, used: 2, isNormalized: false))
      #expect(agree(found[0], [0, 0, score(x[2]), 0, score(x[4]), 0]), "\(scoring)")
    }
  }

  @Test("Large logits overflow nothing")
  func large() throws {
    for scoring in [RoutingRule.Scoring.softmax, .sigmoid, .softmaxOfChosen, .sqrtSoftplus] {
      let found = try weights([[900, -900, 0, 899]], RoutingRule(scoring, used: 2, isNormalized: true))
      #expect(found[0].allSatisfy { $0.isFinite } && found[0][0] > 0, "\(scoring)")
    }
  }

  @Test("Weights are divided by their sum and multiplied by the factor")
  func normalized() throws {
    var rule = RoutingRule(.sigmoid, used: 2, isNormalized: true)
    rule.scale = 2.5
    let (a, b) = (1 / (1 + exp(-2.0)), 1 / (1 + exp(-1.5)))
    let found = try weights([Self.logits], rule)
    #expect(agree(found[0], [0, 0, 2.5 * a / (a + b), 0, 2.5 * b / (a + b), 0]))
  }

  @Test("A sum near zero is taken for the smallest normal half")
  func leastSum() throws {
    let found = try weights([[-20, -21, -30]], RoutingRule(.sigmoid, used: 2, isNormalized: true))
    let expected = [-20.0, -21].map { 1 / (1 + exp(-$0)) / 0x1p-14 }
    #expect(agree(found[0], expected + [0]))
  }

  @Test("A bias changes the choice and not the weights")
  func bias() throws {
    let rule = RoutingRule(.sigmoid, used: 2, isNormalized: false)
    let found = try weights([Self.logits], rule, bias: [0, 1, 0, 0, -1, 0])
    #expect(agree(found[0], [0, 1 / (1 + exp(1.0)), 1 / (1 + exp(-2.0)), 0, 0, 0]))
  }

  @Test("Of equal experts the first are chosen")
  func ties() throws {
    let found = try weights([[1, 3, 1, 1, 1]], RoutingRule(.softmaxOfChosen, used: 3, isNormalized: true))
    #expect(found[0].map { $0 > 0 } == [true, true, true, false, false])
  }

  @Test("Only experts of the best groups are chosen, by the sum of their two best")
  func groups() throws {
    var rule = RoutingRule(.sigmoid, used: 2, isNormalized: false)
    (rule.groups, rule.usedGroups) = (3, 1)
    // The best expert is in the first group, the best pair in the second.
    let found = try weights([[4, -4, -4, 2, 1.5, -4, 0, 0, 0]], rule)
    #expect(found[0].map { $0 > 0 } == [false, false, false, true, true, false, false, false, false])
    rule.usedGroups = 2
    let more = try weights([[4, -4, -4, 2, 1.5, -4, 1, -4, -4]], rule)
    #expect(more[0].map { $0 > 0 } == [true, false, false, true, false, false, false, false, false])
    let biased = try weights([[4, -4, -4, 2, 1.5, -4, 1, -4, -4]], rule, bias: [0, 0, 0, 0, 0, 0, 9, 9, 9])
    #expect(biased[0].map { $0 > 0 } == [false, false, false, false, false, false, true, true, false])
  }

  @Test("A NaN is chosen, and shows in the result")
  func notANumber() throws {
    for scoring in [RoutingRule.Scoring.softmax, .sigmoid, .softmaxOfChosen, .sqrtSoftplus] {
      let found = try weights(
        [[1, 2, .infinity, 3], [1, 2, 3, 4]], RoutingRule(scoring, used: 2, isNormalized: true))
      #expect(found[0].contains { $0.isNaN }, "\(scoring)")
      #expect(found[1].allSatisfy { $0.isFinite }, "\(scoring)")
    }
  }

  @Test("Many rows are chosen for as one")
  func manyRows() throws {
    var generator = SeededGenerator(seed: 4)
    let rows = (0..<300).map { _ in generator.normals(60, scale: 2) }
    let rule = RoutingRule(.softmax, used: 6, isNormalized: true)
    let together = try weights(rows, rule)
    for row in [0, 17, 299] { #expect(try weights([rows[row]], rule)[0] == together[row]) }
  }
}
