package import ApusCore
internal import Foundation

extension ReferenceBackend {
  package func _route(_ logits: Buffer, _ rule: RoutingRule, bias: Weight?, into routing: Routing) {
    let biases = bias.map { vector($0) ?? [] } ?? [Float](repeating: 0, count: logits.columns)
    guard !biases.isEmpty else {
      routing.reference.choices = Array(repeating: [], count: logits.rows)
      return
    }
    routing.reference.choices = (0..<logits.rows).map { row in
      choose(logits.values(of: row).map { Double($0) }, rule, biases.map { Double($0) })
    }
  }

  /// The experts of one row, best first, and their weights.
  private func choose(
    _ logits: [Double], _ rule: RoutingRule, _ biases: [Double]
  ) -> [(expert: Int, weight: Float)] {
    let scores = rule.scoring.scores(logits)
    let ranks = zip(scores, biases).map(+)
    let allowed = experts(of: rule, ranks)
    let chosen = allowed.ranked { ranks[$0] }.prefix(rule.used)
    var weights = chosen.map { scores[$0] }
    if rule.scoring == .softmaxOfChosen { weights = softmaxed(weights) }
    if rule.isNormalized {
      let sum = max(weights.reduce(0, +), 6.103515625e-5)
      weights = weights.map { $0 / sum }
    }
    return zip(chosen, weights).map { ($0, Float($1 * Double(rule.scale))) }
  }

  /// The experts of the best groups, in rising order; all where there is one group.
  private func experts(of rule: RoutingRule, _ ranks: [Double]) -> [Int] {
    guard rule.groups > 1 else { return Array(ranks.indices) }
    let size = ranks.count / rule.groups
    let groups = Array(0..<rule.groups)
    let sums = groups.map { group in
      ranks[group * size..<(group + 1) * size].sorted(by: >).prefix(2).reduce(0, +)
    }
    return groups.ranked { sums[$0] }.prefix(rule.usedGroups).sorted().flatMap { $0 * size..<($0 + 1) * size }
  }

  package func _experts(
    _ x: Buffer, _ routing: Routing, _ experts: ExpertWeights, batchRows: [Int]?, into y: Buffer
  ) {
    for row in 0..<x.rows {
      do throws(BackendError) {
        y.replace(row: row, by: try sum(Array(x.values(of: row)), routing.reference.choices[row], experts))
      } catch {
        // So that it shows in all that is computed from it.
        y.replace(row: row, by: [Float](repeating: .nan, count: y.columns))
        fail(row: batchRows?[row] ?? row, error)
      }
    }
  }

  /// The weighted sum of the answers of some experts to one row; throws where one of them is damaged.
  private func sum(
    _ x: [Float], _ choices: [(expert: Int, weight: Float)], _ experts: ExpertWeights
  ) throws(BackendError) -> [Float] {
    var sums = [Double](repeating: 0, count: experts.down.rows)
    for (expert, weight) in choices {
      for matrix in experts.matrices { try check(matrix, matrix: expert) }
      for table in experts.tables { try check(table, expert: expert, count: experts.up.count) }
      let result = feedForward(x, expert, experts)
      for i in sums.indices { sums[i] += Double(weight) * Double(result[i]) }
    }
    return sums.map { Float($0) }
  }

  /// One expert's answer to one row.
  private func feedForward(_ x: [Float], _ expert: Int, _ experts: ExpertWeights) -> [Float] {
    let up = product(x, expert, experts.up, factors: experts.upFactors, bias: experts.upBias)
    var inner = up
    if let weight = experts.gate {
      let gate = product(x, expert, weight, factors: experts.gateFactors, bias: experts.gateBias)
      inner = zip(gate, up).map { Float(experts.activation(gate: Double($0), Double($1))) }
    } else {
      inner = up.map { Float(experts.activation(Double($0))) }
    }
    return product(inner, expert, experts.down, factors: experts.downFactors, bias: experts.downBias)
  }

  /// `factor · (w · x) + bias` of one expert.
  private func product(_ x: [Float], _ expert: Int, _ weight: Weight, factors: Weight?, bias: Weight?) -> [Float] {
    var results = (0..<weight.rows).map { product(x, weight.reference.row($0, of: expert)) }
    if let factor = factors?.reference.row(0)[expert] { results = results.map { $0 * Double(factor) } }
    if let bias { results = zip(results, bias.reference.row(expert)).map { $0 + Double($1) } }
    return results.map { Float($0) }
  }
}

extension RoutingRule.Scoring {
  /// What experts are ranked by, before any bias.
  fileprivate func scores(_ logits: [Double]) -> [Double] {
    switch self {
    case .softmax: softmaxed(logits)
    case .sigmoid: logits.map(logistic)
    case .softmaxOfChosen: logits
    case .sqrtSoftplus: logits.map { (max($0, 0) + log1p(exp(-abs($0)))).squareRoot() }
    }
  }
}

extension [Int] {
  /// From the highest score to the lowest; of equal ones the first comes first.
  fileprivate func ranked(by score: (Int) -> Double) -> [Int] {
    sorted { score($0) == score($1) ? $0 < $1 : score($0) > score($1) }
  }
}
