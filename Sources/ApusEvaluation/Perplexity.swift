package import ApusCore
package import ApusModels
internal import ApusSampling
internal import Foundation

/// Perplexity by the method of llama.cpp's `llama-perplexity`, so that figures compare with published ones.
///
/// The text is tokenized once and cut into chunks of `contextLength` tokens; the rest is dropped. Each chunk starts
/// with an empty cache, its first token replaced by BOS where the tokenizer adds one. Tokens of the second half are
/// scored, each given all before it in the chunk. Not comparable with lm-evaluation-harness's word perplexity.
package struct Perplexity: Sendable {
  /// Tokens in a chunk.
  package var contextLength = 512
  /// Chunks to score; nil for all.
  package var chunkLimit: Int?

  package init() {}

  /// What can be said after a number of chunks.
  package struct Estimate: Sendable, Equatable {
    package var chunks: Int
    package var scoredTokens: Int
    /// exp of the mean negative log-likelihood per scored token.
    package var perplexity: Double
    /// One standard error of `perplexity`; nil before two tokens are scored.
    package var standardError: Double?
  }

  /// Scores `tokens`, calling `progress` after each chunk, and returns the last estimate.
  ///
  /// Takes about as long as prefilling all tokens, plus one row of logits for every second token.
  package func evaluate(
    _ tokens: [Token], model: LanguageModel, beginningOfSequence: Token?,
    progress: (_ estimate: Estimate, _ chunks: Int) -> Void = { _, _ in }
  ) throws(EvaluationError) -> Estimate {
    let limit = model.configuration.contextLength
    guard (4...limit).contains(contextLength) else { throw .contextLength(contextLength, limit: limit) }
    guard tokens.count >= 2 * contextLength else {
      throw .textTooShort(tokens: tokens.count, needed: 2 * contextLength)
    }
    let chunks = min(tokens.count / contextLength, max(1, chunkLimit ?? .max))
    var scorer = try ChunkScorer(model: model, contextLength: contextLength)
    var sums = LikelihoodSums()
    for chunk in 0..<chunks {
      var part = Array(tokens[chunk * contextLength..<(chunk + 1) * contextLength])
      let scored = part
      if let beginningOfSequence { part[0] = beginningOfSequence }
      try scorer.score(part, targets: scored, into: &sums)
      progress(sums.estimate(chunks: chunk + 1), chunks)
    }
    return sums.estimate(chunks: chunks)
  }
}

/// Negative log-likelihoods summed up.
struct LikelihoodSums {
  private var count = 0
  private var sum = 0.0
  private var sumOfSquares = 0.0

  mutating func add(_ value: Double) {
    count += 1
    sum += value
    sumOfSquares += value * value
  }

  func estimate(chunks: Int) -> Perplexity.Estimate {
    let mean = sum / Double(count)
    let variance = sumOfSquares / Double(count) - mean * mean
    let perplexity = exp(mean)
    let error = count > 1 ? perplexity * (max(0, variance) / Double(count - 1)).squareRoot() : nil
    return .init(chunks: chunks, scoredTokens: count, perplexity: perplexity, standardError: error)
  }
}

/// Runs chunks through a model and scores their second halves.
private struct ChunkScorer {
  /// Rows of logits computed at once; a row is a vocabulary wide.
  static let logitRows = 32

  private let contextLength: Int
  private var runner: SequenceRunner

  init(model: LanguageModel, contextLength: Int) throws(EvaluationError) {
    self.contextLength = contextLength
    do throws(BackendError) {
      runner = try SequenceRunner(model, positions: contextLength)
    } catch {
      throw .backend(error)
    }
  }

  /// Feeds `tokens` and scores `targets[first + 1...]`, `first` being the chunk's middle.
  mutating func score(_ tokens: [Token], targets: [Token], into sums: inout LikelihoodSums) throws(EvaluationError) {
    let first = contextLength / 2
    try feed(tokens, from: 0, to: first, step: runner.model.maxBatchRows, scoring: false) { _, _ in }
    let step = min(Self.logitRows, runner.model.maxBatchRows)
    try feed(tokens, from: first, to: contextLength - 1, step: step, scoring: true) {
      (position, row) throws(EvaluationError) in
      sums.add(try negativeLogLikelihood(of: targets[position + 1], in: row.span))
    }
  }

  private mutating func feed(
    _ tokens: [Token], from start: Int, to end: Int, step: Int, scoring: Bool,
    _ body: (_ position: Int, _ logits: ArraySlice<Float>) throws(EvaluationError) -> Void
  ) throws(EvaluationError) {
    for position in stride(from: start, to: end, by: step) {
      let part = tokens[position..<min(position + step, end)]
      do throws(BackendError) {
        try runner.step(part, at: position, logitRows: scoring ? Array(0..<part.count) : [])
      } catch {
        throw .backend(error)
      }
      guard scoring else { continue }
      for row in 0..<part.count { try body(position + row, runner.logits(row)) }
    }
  }
}

/// `-log softmax(logits)[token]`.
private func negativeLogLikelihood(of token: Token, in logits: Span<Float>) throws(EvaluationError) -> Double {
  do throws(SamplingError) {
    return -(try LogProbabilities(of: logits))[token]
  } catch {
    throw .logits(error)
  }
}
