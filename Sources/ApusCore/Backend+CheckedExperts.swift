// The checked operations of mixtures of experts.

extension Backend {
  /// Chooses experts for each row by its logits `[rows, experts]`.
  ///
  /// `bias` is added to the scores for choosing only; the weights are the plain scores. Of equal scores, of experts or
  /// of groups, the first counts as higher.
  package func route(_ logits: Buffer, _ rule: RoutingRule, bias: Weight?, into routing: Routing) {
    precondition(owns(logits) && owns(routing), "route: an operand of another backend")
    precondition(
      logits.columns == routing.experts && logits.rows <= routing.capacity && rule.used == routing.used,
      "route: \(logits.shape), \(rule.used) used, into a routing of \(routing.used) of \(routing.experts) experts for "
        + "\(routing.capacity) rows")
    precondition(
      rule.groups > 0 && routing.experts.isMultiple(of: rule.groups) && rule.usedGroups > 0
        && rule.usedGroups <= rule.groups && rule.used > 0
        && rule.used <= rule.usedGroups * (routing.experts / rule.groups),
      "route: \(rule.used) of \(routing.experts) experts in \(rule.usedGroups) of \(rule.groups) groups")
    precondition(
      fits(bias, count: routing.experts),
      "route: a bias \(bias?.shape ?? "") of another backend or not for \(routing.experts) experts")
    routing.rows = logits.rows
    _route(logits, rule, bias: bias, into: routing)
  }

  /// A routed feed-forward layer: `y[r] = Σ weight(r, e) · down[e](activation(gate[e](x[r])) · up[e](x[r]))` over the
  /// experts e chosen for r, in the order of their choice, biases and factors of each matrix included.
  ///
  /// A matrix's product is multiplied by its factor, then its bias is added. Without a gate it is
  /// `activation(up[e](x[r]))`.
  ///
  /// `batchRows` are the rows of the step's batch that x has; nil where it has all of them. A matrix, bias
  /// or factor that is damaged fails those of them that were sent to its expert, and no other.
  package func experts(
    _ x: Buffer, _ routing: Routing, _ experts: ExpertWeights, batchRows: [Int]? = nil, into y: Buffer
  ) {
    precondition(
      owns(x) && owns(routing) && owns(y) && x !== y, "experts: an operand of another backend, or onto itself")
    precondition(
      routing.rows == x.rows && y.rows == x.rows, "experts: \(routing.rows) routed rows of \(x.shape) into \(y.shape)")
    precondition(
      batchRows.map { $0.count == x.rows } ?? true,
      "experts: \(batchRows?.count ?? 0) rows of the batch for \(x.shape)")
    let inner = experts.up.rows
    let count = routing.experts
    if let gate = experts.gate {
      check(gate, count, rows: inner, columns: x.columns, bias: experts.gateBias, factors: experts.gateFactors)
    } else {
      precondition(experts.activation != .clampedSwish, "experts: clampedSwish needs a gate")
      precondition(experts.gateBias == nil && experts.gateFactors == nil, "experts: a bias or factors without a gate")
    }
    check(experts.up, count, rows: inner, columns: x.columns, bias: experts.upBias, factors: experts.upFactors)
    check(experts.down, count, rows: y.columns, columns: inner, bias: experts.downBias, factors: experts.downFactors)
    _experts(x, routing, experts, batchRows: batchRows, into: y)
  }

  private func check(_ weight: Weight, _ count: Int, rows: Int, columns: Int, bias: Weight?, factors: Weight?) {
    precondition(owns(weight), "experts: a weight of another backend")
    precondition(
      weight.count == count && weight.rows == rows && weight.columns == columns,
      "experts: \(weight.shape), not [\(count)][\(rows), \(columns)]")
    if let bias {
      precondition(
        owns(bias) && bias.count == 1 && bias.rows == count && bias.columns == rows,
        "experts: \(bias.shape), of another backend or not [\(count), \(rows)]")
    }
    precondition(
      fits(factors, count: count),
      "experts: factors \(factors?.shape ?? "") of another backend or not for \(count) experts")
  }
}
