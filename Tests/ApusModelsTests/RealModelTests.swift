internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// Gemma 3 270M in Q4_K_M: prompts with the best log-probabilities of a float32 reference at every position.
private struct BestReference: Decodable, Sendable {
  struct Case: Decodable, Sendable {
    var name: String
    var ids: [Token]
    var top_ids: [[Int]]
    var top_logprobs: [[Double]]
    var greedy_ids: [Token]
    var greedy_top1_minus_top2: [Float]
  }

  var model: String
  var cases: [Case]
}

/// Models whose terms not every machine has accepted: skipped, with the reason, where they are not downloaded.
@Suite struct `Gemma 3 270M` {
  private static let folder = "architectures/gemma3"

  private func read<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
    guard let folder = TestData.folder else { try Test.cancel("the reference data is not here") }
    let url = folder.appendingPathComponent("\(Self.folder)/\(name)")
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
  }

  @Test func `agrees on prompts and their greedy continuations`() throws {
    let reference = try read(BestReference.self, "gemma3-270m-q4_k_m.json")
    let file = try GGUFFile.open(path: ModelFiles.optionalPath(of: reference.model))
    let runner = try ModelRunner(file, makeBackend(), positions: 256)
    var divergences: [Double] = []
    for prompt in reference.cases {
      runner.reset()
      try runner.forEachLogits(prompt.ids) { position, logits in
        divergences.append(
          divergence(of: logits, from: prompt.top_ids[position], prompt.top_logprobs[position]))
      }
      runner.reset()
      let greedy = try runner.greedy(prompt.ids, count: prompt.greedy_ids.count)
      LogitLimits.int8.check(greedy: greedy, reference: prompt.greedy_ids, gaps: prompt.greedy_top1_minus_top2)
    }
    #expect(divergences.reduce(0, +) / Double(divergences.count) < LogitLimits.int8.meanDivergence)
    #expect(divergences.max() ?? 1 < LogitLimits.int8.maximumDivergence)
  }

  /// Over the reference's best tokens, and all others as one.
  private func divergence(of logits: ArraySlice<Float>, from ids: [Int], _ expected: [Double]) -> Double {
    var (ourRest, theirRest, sum) = (1.0, 1.0, 0.0)
    for (id, logProbability) in zip(ids, expected) {
      let ours = -negativeLogLikelihood(logits, Token(id))
      sum += exp(logProbability) * (logProbability - ours)
      ourRest -= exp(ours)
      theirRest -= exp(logProbability)
    }
    guard theirRest > 0, ourRest > 0 else { return sum }
    return sum + theirRest * (log(theirRest) - log(ourRest))
  }

  /// llama.cpp's perplexity on the same file is 41.617 of 256 tokens and 38.557 of 768, which cross the window of 512.
  @Test(arguments: [
    ("gemma3-270m-q4_k_m.ppl-frankenstein.json", 41.616554), ("gemma3-270m-q4_k_m.ppl-frankenstein-768.json", 38.557),
  ])
  func `has the perplexity that llama.cpp has`(name: String, perplexity: Double) throws {
    let reference = try read(PerplexityReference.self, name)
    let file = try GGUFFile.open(path: ModelFiles.optionalPath(of: reference.model))
    let runner = try ModelRunner(file, makeBackend(), positions: reference.ids.count, maxBatchRows: 128)
    var sum = 0.0
    try runner.forEachLogits(reference.ids.dropLast(), chunk: 128) { position, logits in
      sum += negativeLogLikelihood(logits, reference.ids[position + 1])
    }
    let found = exp(sum / Double(reference.token_nll.count))
    #expect(abs(found / perplexity - 1) < 0.006, "\(found)")
  }
}
