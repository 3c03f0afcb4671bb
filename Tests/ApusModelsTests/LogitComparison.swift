internal import ApusCore
internal import ApusGGUF
internal import Foundation
internal import Testing

/// How far logits are from a reference's, over many positions.
struct LogitComparison {
  private(set) var divergences: [Double] = []
  private(set) var agreements = 0
  /// At positions where the best tokens differ: how much less the reference gives to ours.
  private(set) var largestGap: Float = 0

  mutating func add(_ logits: ArraySlice<Float>, reference: ArraySlice<Float>) {
    divergences.append(divergence(of: logits, from: reference))
    let (ours, theirs) = (bestIndex(logits), bestIndex(reference))
    agreements += ours == theirs ? 1 : 0
    largestGap = max(
      largestGap, reference[reference.startIndex + theirs] - reference[reference.startIndex + ours])
  }

  var mean: Double { divergences.reduce(0, +) / Double(max(1, divergences.count)) }
  var maximum: Double { divergences.max() ?? 0 }
  var agreement: Double { Double(agreements) / Double(max(1, divergences.count)) }
}

/// The limits that the reference data's page gives for activations in float and in int8.
struct LogitLimits {
  let meanDivergence: Double
  let maximumDivergence: Double
  /// Of 500 positions and more; below that chance decides, and `gap` must do.
  let agreement: Double
  let meanLikelihoodDifference: Double
  /// How far apart two logits may be in the reference for us to choose the other.
  let gap: Float

  static let float = LogitLimits(
    meanDivergence: 1e-5, maximumDivergence: 1e-4, agreement: 0.995, meanLikelihoodDifference: 5e-4, gap: 0.05)
  static let int8 = LogitLimits(
    meanDivergence: 0.005, maximumDivergence: 0.06, agreement: 0.95, meanLikelihoodDifference: 0.006, gap: 0.5)

  /// Those for a file: float where all its tensors are dense.
  init(for file: GGUFFile) {
    self = file.tensors.allSatisfy { $0.format?.isDense == true } ? .float : .int8
  }

  private init(
    meanDivergence: Double, maximumDivergence: Double, agreement: Double, meanLikelihoodDifference: Double, gap: Float
  ) {
    self.meanDivergence = meanDivergence
    self.maximumDivergence = maximumDivergence
    self.agreement = agreement
    self.meanLikelihoodDifference = meanLikelihoodDifference
    self.gap = gap
  }

  func check(_ comparison: LogitComparison, _ what: String, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(comparison.mean < meanDivergence, "\(what): mean KL", sourceLocation: sourceLocation)
    #expect(comparison.maximum < maximumDivergence, "\(what): largest KL", sourceLocation: sourceLocation)
    #expect(
      comparison.largestGap < gap, "\(what): another best token where the gap is large", sourceLocation: sourceLocation)
    guard comparison.divergences.count >= 500 else { return }
    #expect(comparison.agreement >= agreement, "\(what): top-1 agreement", sourceLocation: sourceLocation)
  }

  /// A greedy continuation may go another way than the reference's only where the reference was nearly undecided.
  func check(greedy: [Int32], reference: [Int32], gaps: [Float], sourceLocation: SourceLocation = #_sourceLocation) {
    guard let step = zip(greedy, reference).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
      #expect(greedy.count == reference.count, sourceLocation: sourceLocation)
      return
    }
    #expect(gaps[step] < gap, "parts from the reference at step \(step)", sourceLocation: sourceLocation)
  }
}

func bestIndex(_ logits: ArraySlice<Float>) -> Int {
  (logits.indices.max { logits[$0] < logits[$1] } ?? logits.startIndex) - logits.startIndex
}

/// Minus the logarithm of the probability of `token`.
func negativeLogLikelihood(_ logits: ArraySlice<Float>, _ token: Int32) -> Double {
  logSumExp(logits) - Double(logits[logits.startIndex + Int(token)])
}

private func logSumExp(_ logits: ArraySlice<Float>) -> Double {
  let peak = Double(logits.max() ?? 0)
  return peak + log(logits.reduce(0) { $0 + exp(Double($1) - peak) })
}

/// Kullback-Leibler divergence of the reference's distribution to ours, in nats.
private func divergence(of logits: ArraySlice<Float>, from reference: ArraySlice<Float>) -> Double {
  let (ours, theirs) = (logSumExp(logits), logSumExp(reference))
  return zip(logits, reference).reduce(0) { sum, pair in
    let logProbability = Double(pair.1) - theirs
    return sum + exp(logProbability) * (logProbability - (Double(pair.0) - ours))
  }
}
