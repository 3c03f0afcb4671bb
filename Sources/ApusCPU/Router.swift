internal import ApusCore
private import ApusSystem

/// Chooses the experts of one row by its logits.
@safe struct Router {
  /// What a sum of weights is at least when they are divided by it: the smallest normal half.
  static let leastSum: Float = 0x1p-14

  let rule: RoutingRule
  let experts: Int
  /// Added to the scores for choosing only.
  @unsafe let bias: UnsafePointer<Float>?

  /// Writes the chosen experts, best first, and their weights.
  ///
  /// A NaN counts as the largest score: it is chosen, and shows in the result.
  func choose(
    _ logits: UnsafePointer<Float>, into chosen: UnsafeMutablePointer<Int32>, weights: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * experts) { room in
      guard let scores = room.baseAddress else { return }
      let ranks = unsafe scores + experts
      unsafe score(logits, into: scores)
      for expert in 0..<experts { unsafe ranks[expert] = rank(scores[expert] + (bias?[expert] ?? 0)) }
      if rule.groups > 1 { unsafe keepBestGroups(ranks, sums: ranks + experts) }
      unsafe Self.largest(rule.used, of: UnsafeBufferPointer(start: ranks, count: experts), into: chosen)
      for choice in 0..<rule.used { unsafe weights[choice] = scores[Int(chosen[choice])] }
    }
    unsafe finish(weights)
  }

  private func score(_ logits: UnsafePointer<Float>, into scores: UnsafeMutablePointer<Float>) {
    for expert in 0..<experts {
      let x = unsafe logits[expert]
      unsafe scores[expert] =
        switch rule.scoring {
        case .softmax, .softmaxOfChosen: x
        case .sigmoid: 1 / (1 + expf(-x))
        case .sqrtSoftplus: (x > 20 ? x : log1pf(expf(x))).squareRoot()
        }
    }
    if rule.scoring == .softmax { unsafe Self.softmax(scores, count: experts) }
  }

  /// Softmax of the chosen, division by the sum, and the factor, as the rule has it.
  private func finish(_ weights: UnsafeMutablePointer<Float>) {
    if rule.scoring == .softmaxOfChosen { unsafe Self.softmax(weights, count: rule.used) }
    if rule.isNormalized {
      var sum: Float = 0
      for choice in 0..<rule.used { unsafe sum += weights[choice] }
      // A NaN stays one.
      let divisor = sum < Self.leastSum ? Self.leastSum : sum
      for choice in 0..<rule.used { unsafe weights[choice] /= divisor }
    }
    for choice in 0..<rule.used { unsafe weights[choice] *= rule.scale }
  }

  /// Leaves only experts of the best groups to choose from; `sums` has room for as many values as there are groups.
  private func keepBestGroups(_ ranks: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>) {
    let (groups, size) = (rule.groups, experts / rule.groups)
    for group in 0..<groups {
      var (first, second) = (-Float.infinity, -Float.infinity)
      for index in group * size..<(group + 1) * size {
        let value = unsafe ranks[index]
        if value > first { (first, second) = (value, first) } else { second = max(second, value) }
      }
      unsafe sums[group] = size > 1 ? rank(first + second) : first
    }
    unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: rule.usedGroups) { best in
      guard let indices = best.baseAddress else { return }
      unsafe Self.largest(
        rule.usedGroups, of: UnsafeBufferPointer(start: sums, count: groups), into: indices)
      for group in 0..<groups where unsafe !best.contains(Int32(group)) {
        unsafe (ranks + group * size).update(repeating: -.infinity, count: size)
      }
    }
  }

  private func rank(_ score: Float) -> Float { score.isNaN ? .infinity : score }

  /// The indices of the `count` largest of as many or more values, largest first; of equal ones the lower index first.
  private static func largest(
    _ count: Int, of values: UnsafeBufferPointer<Float>, into indices: UnsafeMutablePointer<Int32>
  ) {
    var found = 0
    for index in values.indices {
      var place = found
      while place > 0, unsafe values[Int(indices[place - 1])] < values[index] {
        place -= 1
        if place + 1 < count { unsafe indices[place + 1] = indices[place] }
      }
      guard place < count else { continue }
      unsafe indices[place] = Int32(index)
      found = min(found + 1, count)
    }
  }

  private static func softmax(_ values: UnsafeMutablePointer<Float>, count: Int) {
    var (peak, sum) = (-Float.infinity, Float(0))
    for index in 0..<count { unsafe peak = values[index] > peak ? values[index] : peak }
    for index in 0..<count {
      unsafe values[index] = expf(values[index] - peak)
      unsafe sum += values[index]
    }
    for index in 0..<count { unsafe values[index] /= sum }
  }
}
