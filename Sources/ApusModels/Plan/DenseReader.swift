internal import ApusCore

extension PlanReader {
  /// A dense feed-forward sublayer of `<prefix>_gate`, `<prefix>_up` and `<prefix>_down`, with `suffix` behind each.
  ///
  /// Where gate and up are one tensor, `<prefix>_up`, the gate is the first half of its rows.
  func dense(
    _ prefix: String, size: Int, activation: Activation, isGated: Bool, isFused: Bool = false, suffix: String = ""
  ) -> FeedForwardPlan {
    func projection(_ name: String, rows: Int, columns: Int) -> ProjectionPlan {
      self.projection(prefix + "_" + name + suffix, rows: rows, columns: columns)
    }
    let down = projection("down", rows: hiddenSize, columns: size)
    if isGated, isFused, !tensors.contains(prefix + "_gate" + suffix + ".weight") {
      let fused = projection("up", rows: 2 * size, columns: hiddenSize)
      return FeedForwardPlan(
        gate: fused.slice(0..<size), up: fused.slice(size..<2 * size), activation: activation, down: down)
    }
    return FeedForwardPlan(
      gate: isGated ? projection("gate", rows: size, columns: hiddenSize) : nil,
      up: projection("up", rows: size, columns: hiddenSize), activation: activation, down: down)
  }
}
