internal import ApusCore
internal import ApusGGUF

/// Makes the plan of routed feed-forward sublayers; nil for a model without experts.
struct RoutingReader {
  private let reader: PlanReader
  private let style: ExpertStyle
  private let count: Int
  private let rule: RoutingRule
  private let size: Int?
  private let sharedSize: Int?
  private let leadingDenseLayers: Int

  init?(_ reader: PlanReader, _ style: ExpertStyle) throws(GGUFError) {
    let keys = reader.keys
    self.reader = reader
    self.style = style
    count = try keys.integer("expert_count", 0...1 << 14, default: 0)
    guard count > 0 else { return nil }
    size =
      keys.contains("expert_feed_forward_length") ? try keys.integer("expert_feed_forward_length", 1...1 << 24) : nil
    sharedSize =
      try keys.contains("expert_shared_feed_forward_length")
      ? keys.integer("expert_shared_feed_forward_length", 1...1 << 24) : nil
    leadingDenseLayers = try keys.integer("leading_dense_block_count", 0...reader.fileLayers, default: 0)
    rule = try Self.rule(keys, style, count)
  }

  private static func rule(
    _ keys: ConfigurationReader, _ style: ExpertStyle, _ count: Int
  ) throws(GGUFError) -> RoutingRule {
    let used = try keys.integer("expert_used_count", 1...count)
    let scoring: RoutingRule.Scoring
    switch try keys.integer("expert_gating_func", 0...4, default: 0) {
    case 1: scoring = .softmax
    case 2: scoring = .sigmoid
    case 3: scoring = .softmaxOfChosen
    case 4: scoring = .sqrtSoftplus
    default: scoring = style.scoring
    }
    var rule = RoutingRule(
      scoring, used: used, isNormalized: try keys.bool("expert_weights_norm") ?? style.isNormalized)
    rule.scale = try keys.number("expert_weights_scale", "a finite number, 0 or above", default: 1) { $0 >= 0 }
    if rule.scale == 0 { rule.scale = 1 }
    rule.groups = max(1, try keys.integer("expert_group_count", 0...count, default: 1))
    rule.usedGroups = try keys.integer("expert_group_used_count", 0...rule.groups, default: 0)
    if rule.usedGroups == 0 { rule.usedGroups = rule.groups }
    guard count.isMultiple(of: rule.groups), used <= rule.usedGroups * (count / rule.groups) else {
      throw keys.error(
        "expert_group_count", expected: "equal groups of the \(count) experts, with \(used) in those that are used",
        found: "\(rule.groups) groups, \(rule.usedGroups) used")
    }
    return rule
  }

  /// Whether a layer has experts.
  func isRouted(_ layer: Int) -> Bool { layer >= leadingDenseLayers && style.isRouted(layer) }

  /// The experts of the layer with this prefix.
  ///
  /// Their inner size is what the file states, else what its tensor has, else `denseSize`.
  func experts(_ prefix: String, denseSize: Int) throws(GGUFError) -> ExpertsPlan {
    if reader.tensors.contains(prefix + "ffn_gate.0.weight") {
      throw reader.keys.error(
        "expert_count", .unsupported,
        expected: "a file with all experts of a layer in one tensor (ffn_gate_exps): convert the model again",
        found: "\(count), each with tensors of its own")
    }
    let (inner, hidden) = (size ?? tensorSize(prefix) ?? denseSize, reader.hiddenSize)
    guard inner > 0 else {
      throw reader.keys.error(
        "expert_feed_forward_length", .missing, expected: "the inner size of the experts", found: "none")
    }
    let (gate, up) = gateAndUp(prefix, inner)
    var plan = ExpertsPlan(
      router: reader.projection(prefix + "ffn_gate_inp", rows: count, columns: hidden), rule: rule, gate: gate, up: up,
      down: stack(prefix + "ffn_down_exps.weight", rows: hidden, columns: inner), activation: style.activation)
    plan.selectionBias = selectionBias(prefix)
    plan.gateBias = bias(prefix + "ffn_gate_exps", columns: inner)
    plan.upBias = bias(prefix + "ffn_up_exps", columns: inner)
    plan.downBias = bias(prefix + "ffn_down_exps", columns: hidden)
    plan.gateFactors = reader.optionalFactors(prefix + "ffn_gate_exps", count: count)
    plan.upFactors = reader.optionalFactors(prefix + "ffn_up_exps", count: count)
    plan.downFactors = reader.optionalFactors(prefix + "ffn_down_exps", count: count)
    plan.shared = try shared(prefix, inner)
    if reader.tensors.contains(prefix + "ffn_gate_inp_shexp.weight") {
      plan.sharedGate = reader.projection(prefix + "ffn_gate_inp_shexp", rows: 1, columns: hidden)
    }
    return plan
  }

  /// The inner size that the tensor of the experts' inner matrices has; nil where it is not there or another one.
  private func tensorSize(_ prefix: String) -> Int? {
    guard let rows = reader.tensors.rows(of: prefix + "ffn_up_exps.weight"), rows.isMultiple(of: count),
      (1...1 << 24).contains(rows / count)
    else { return nil }
    return rows / count
  }

  /// What is added to the scores for choosing; its name has any of three endings.
  private func selectionBias(_ prefix: String) -> TensorPlan? {
    let names = [".bias", "", ".weight"].map { prefix + "exp_probs_b" + $0 }
    return names.first(where: reader.tensors.contains).map { TensorPlan($0, .bias, columns: count) }
  }

  private func stack(_ name: String, rows: Int, columns: Int) -> TensorPlan {
    TensorPlan(name, .matrix, .experts(used: rule.used, isKept: false), count: count, rows: rows, columns: columns)
  }

  /// The two stacks, or the two halves of the rows of one, the gate first.
  private func gateAndUp(_ prefix: String, _ inner: Int) -> (gate: TensorPlan?, up: TensorPlan) {
    if reader.tensors.contains(prefix + "ffn_gate_up_exps.weight") {
      let fused = stack(prefix + "ffn_gate_up_exps.weight", rows: 2 * inner, columns: reader.hiddenSize)
      return (fused.slice(0..<inner), fused.slice(inner..<2 * inner))
    }
    let up = stack(prefix + "ffn_up_exps.weight", rows: inner, columns: reader.hiddenSize)
    guard style.isGated else { return (nil, up) }
    return (stack(prefix + "ffn_gate_exps.weight", rows: inner, columns: reader.hiddenSize), up)
  }

  /// A row of biases for each expert.
  private func bias(_ name: String, columns: Int) -> TensorPlan? {
    guard reader.tensors.contains(name + ".bias") else { return nil }
    return TensorPlan(
      name + ".bias", .bias, .experts(used: rule.used, isKept: false), rows: count, columns: columns)
  }

  /// The expert that all rows go through, where there is one.
  private func shared(_ prefix: String, _ inner: Int) throws(GGUFError) -> FeedForwardPlan? {
    let count = try reader.keys.integer("expert_shared_count", 0...1 << 10, default: 0)
    let rows = reader.tensors.rows(of: prefix + "ffn_up_shexp.weight")
    guard let size = rows ?? (count > 0 ? sharedSize ?? count * inner : nil) else { return nil }
    return reader.dense(
      prefix + "ffn", size: size, activation: style.activation, isGated: style.isGated, suffix: "_shexp")
  }
}
