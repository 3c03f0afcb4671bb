internal import ApusCore
internal import ApusGGUF

/// How a family pools, where its files do not say it.
struct PoolingStyle {
  /// What a classifier reads.
  var rankedKind = PoolingPlan.Kind.first
  /// Behind the classifier's first matrix (`cls`).
  var activation = Activation.tanh
  /// Whether softmax makes probabilities of the scores of several labels.
  var isSoftmax = false
}

extension PlanReader {
  private var hasClassifier: Bool {
    tensors.contains("cls.output.weight") || tensors.contains("cls.weight")
  }

  /// How the file says that sequences are pooled; where it does not, a classifier says that they are ranked, and nil
  /// stands for a file without one.
  func pooling(_ style: PoolingStyle = PoolingStyle()) throws(GGUFError) -> PoolingPlan? {
    switch try keys.integer("pooling_type", 0...4, default: 0) {
    case 1: return try vectors(.mean)
    case 2: return try vectors(.first)
    case 3: return try vectors(.last)
    case 4: return try ranking(style)
    default: return hasClassifier ? try ranking(style) : nil
    }
  }

  /// Vectors, through the dense layers that the file has behind the pooling.
  private func vectors(_ kind: PoolingPlan.Kind) throws(GGUFError) -> PoolingPlan {
    var plan = PoolingPlan(kind: kind, columns: hiddenSize)
    for name in ["dense_2", "dense_3"] {
      guard let rows = tensors.rows(of: name + ".weight") else { continue }
      let size = try keys.integer(name + "_feat_out", 1...1 << 20, default: rows)
      plan.layers.append(PooledLayerPlan(projection: projection(name, rows: size, columns: plan.columns)))
      plan.columns = size
    }
    return plan
  }

  /// Scores, by a classifier of one matrix or two.
  private func ranking(_ style: PoolingStyle) throws(GGUFError) -> PoolingPlan {
    var plan = PoolingPlan(kind: style.rankedKind, columns: hiddenSize)
    if let rows = tensors.rows(of: "cls.weight") {
      var layer = PooledLayerPlan(
        projection: projection("cls", rows: rows, columns: plan.columns), activation: style.activation)
      if tensors.contains("cls.norm.weight") {
        layer.norm = norm("cls.norm", NormParameters(.layer, epsilon: try epsilon(.layer)), columns: rows)
      }
      plan.layers.append(layer)
      plan.columns = rows
    }
    if let rows = tensors.rows(of: "cls.output.weight") {
      plan.layers.append(PooledLayerPlan(projection: projection("cls.output", rows: rows, columns: plan.columns)))
      plan.columns = rows
    }
    guard !plan.layers.isEmpty else {
      throw keys.error(
        "pooling_type", .unsupported, expected: "a file with a classifier (cls.output.weight)", found: "4, and none")
    }
    plan.ranking = try labels(count: plan.columns, style)
    return plan
  }

  private func labels(count: Int, _ style: PoolingStyle) throws(GGUFError) -> PoolingPlan.Ranking {
    let name = "classifier.output_labels"
    var ranking = PoolingPlan.Ranking()
    ranking.isSoftmax = style.isSoftmax && count > 1
    if let labels = try keys.strings(name) {
      guard labels.count == count else {
        throw keys.error(name, expected: "\(count) labels, one for each score", found: "\(labels.count)")
      }
      ranking.labels = labels
    }
    guard count > 1 else { return ranking }
    guard let relevant = ranking.labels.firstIndex(where: { $0.utf8.elementsEqual("yes".utf8) }) else {
      let found = ranking.labels.isEmpty ? "without names" : ranking.labels.joined(separator: ", ")
      throw keys.error(
        name, .unsupported, expected: "one score, or one with the label \"yes\" that says how well texts fit",
        found: "\(count) scores, \(found)")
    }
    ranking.relevant = relevant
    return ranking
  }
}

extension PlanReader {
  /// Makes of a plan whose tokens look back one whose tokens look both ways, and which pools instead of predicting.
  func encoder(_ causal: NetworkPlan, _ style: PoolingStyle = PoolingStyle()) throws(GGUFError) -> NetworkPlan {
    guard try keys.bool("attention.causal") != true else {
      throw keys.error(
        "attention.causal", .unsupported, expected: "a model whose tokens look both ways (false)", found: "true")
    }
    var plan = causal
    try plan.editAttention { _, attention throws(GGUFError) in
      if case .causal(let window) = attention.mask { attention.mask = .full(window: window) }
    }
    if let stated = try pooling(style) {
      plan.pool(by: stated)
    } else {
      // Sentence encoders are made for the mean; one that is not says so.
      plan.pool(by: try vectors(.mean))
    }
    return plan
  }

  /// Makes of a plan that predicts tokens one that pools, where the file says so.
  func poolIfStated(_ plan: inout NetworkPlan) throws(GGUFError) {
    guard case .logits = plan.output.head,
      let pooling = try pooling(PoolingStyle(rankedKind: .last, isSoftmax: true))
    else { return }
    plan.pool(by: pooling)
  }
}

extension NetworkPlan {
  /// Gives the network a head that pools.
  fileprivate mutating func pool(by pooling: PoolingPlan) {
    output.head = .pooled(pooling)
    // Heads that a file may have beside the one that is used.
    unusedTensors += ["cls.", "output.weight", "output.bias"]
    shareCache()
  }

  /// Gives all layers with heads of one shape one place for keys and values.
  ///
  /// A pooled sequence is whole within a step, so that none of them is needed behind its layer; unless layers look at
  /// those of others.
  private mutating func shareCache() {
    guard !layers.contains(where: \.mixer.readsKeysOfOthers) else { return }
    cacheLayers = []
    for index in layers.indices {
      guard let layout = layers[index].mixer.cache?.layout else { continue }
      let place = cacheLayers.firstIndex(of: layout) ?? cacheLayers.count
      if place == cacheLayers.count { cacheLayers.append(layout) }
      layers[index].mixer.setCacheLayer(place)
    }
  }
}

extension MixerPlan {
  fileprivate mutating func setCacheLayer(_ layer: Int) {
    switch self {
    case .attention(var plan):
      plan.cacheLayer = layer
      self = .attention(plan)
    case .latent(var plan):
      plan.cacheLayer = layer
      self = .latent(plan)
    case .convolution: break
    }
  }
}
