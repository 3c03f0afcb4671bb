internal import ApusCore

/// A completion that was written down, whose bytes were found to be one for a request.
package struct RecordedCompletion: Sendable, Equatable {
  /// The form of recordings; another form has another number.
  static let version: UInt8 = 1

  let deltas: [TextDelta]
  let summary: GenerationSummary

  /// Reads what a `CompletionRecorder` has written of a completion of `request`; nil where the bytes are anything else.
  ///
  /// Tokens are of the vocabulary, and there are as many scores and likely tokens as the request wants: nothing that comes
  /// of a recording can surprise its readers.
  package init?(_ bytes: [UInt8], of request: GenerationRequest, vocabularySize: Int) {
    do throws(RecordDamage) {
      var reader = Reader(bytes: try RecordReader(bytes), request: request, vocabularySize: vocabularySize)
      (deltas, summary) = try reader.read()
    } catch {
      return nil
    }
  }
}

/// Reads a recording of a request's completion.
private struct Reader {
  private var bytes: RecordReader
  private let request: GenerationRequest
  private let vocabularySize: Int

  init(bytes: RecordReader, request: GenerationRequest, vocabularySize: Int) {
    (self.bytes, self.request, self.vocabularySize) = (bytes, request, vocabularySize)
  }

  mutating func read() throws(RecordDamage) -> ([TextDelta], GenerationSummary) {
    guard try bytes.byte() == RecordedCompletion.version else { throw RecordDamage() }
    var deltas: [TextDelta] = []
    while true {
      switch RecordPart(rawValue: try bytes.byte()) {
      case .delta: deltas.append(try delta())
      case .end:
        let summary = try summary(behind: deltas)
        guard bytes.isAtEnd else { throw RecordDamage() }
        return (deltas, summary)
      case nil: throw RecordDamage()
      }
    }
  }

  private mutating func delta() throws(RecordDamage) -> TextDelta {
    let text = try bytes.text()
    var tokens: [GeneratedToken] = []
    for _ in 0..<(try bytes.length(ofEach: 2)) { tokens.append(try token()) }
    guard !text.isEmpty || !tokens.isEmpty else { throw RecordDamage() }
    return TextDelta(text: text, tokens: tokens)
  }

  private mutating func summary(behind deltas: [TextDelta]) throws(RecordDamage) -> GenerationSummary {
    let stopReason = try stopReason()
    let endToken = try flag() ? try token() : nil
    let promptCount = request.prompt.count
    let usage = Usage(
      promptTokens: promptCount, completionTokens: deltas.reduce(0) { $0 + $1.tokens.count },
      cachedTokens: try bytes.count(upTo: promptCount))
    let (queue, prefill, decode) = (try time(), try time(), try time())
    let seed = try bytes.fixed()
    let proposed = try bytes.count(upTo: .max)
    let accepted = try bytes.count(upTo: proposed)
    // One more than there are: that of the end.
    let predicted = try bytes.count(upTo: usage.completionTokens + 1)
    let reasoning = try bytes.count(upTo: usage.completionTokens + 1)
    return GenerationSummary(
      finishReason: stopReason == nil ? .length : .stop, stopReason: stopReason, usage: usage,
      timings: Timings(usage, queue: queue, prefill: prefill, decode: decode), seed: seed,
      scores: try scores(), vector: nil, endToken: endToken, proposedTokens: proposed, acceptedTokens: accepted,
      predictedTokens: predicted, reasoningTokens: reasoning)
  }

  private mutating func scores() throws(RecordDamage) -> [TokenLogProbabilities] {
    let count = request.scoresFrom.map { request.prompt.count - $0 } ?? 0
    guard try bytes.count(upTo: count) == count else { throw RecordDamage() }
    var scores: [TokenLogProbabilities] = []
    for _ in 0..<count { scores.append(try probabilities()) }
    return scores
  }

  private mutating func stopReason() throws(RecordDamage) -> StopReason? {
    switch RecordedEnd(rawValue: try bytes.byte()) {
    case .length: return nil
    case .endOfGeneration: return .endOfGeneration(try id())
    case .stopText: return .stopText(try bytes.text())
    case .stopToken: return .stopToken(try id())
    case .outputComplete: return .outputComplete
    case nil: throw RecordDamage()
    }
  }

  private mutating func token() throws(RecordDamage) -> GeneratedToken {
    let id = try id()
    let isLikely = try flag()
    guard isLikely == (request.options.topLogProbabilities != nil) else { throw RecordDamage() }
    return GeneratedToken(id: id, logProbabilities: isLikely ? try probabilities() : nil)
  }

  private mutating func probabilities() throws(RecordDamage) -> TokenLogProbabilities {
    let chosen = try bytes.logarithm()
    // One more than there are: that of a token outside the vocabulary.
    let rank = try bytes.count(upTo: vocabularySize + 1)
    var top: [TokenLogProbabilities.Entry] = []
    for _ in 0..<(try bytes.count(upTo: request.options.topLogProbabilities ?? 0)) {
      top.append(TokenLogProbabilities.Entry(token: try id(), logProbability: try bytes.logarithm()))
    }
    return TokenLogProbabilities(chosen: chosen, top: top, rank: rank)
  }

  private mutating func id() throws(RecordDamage) -> Token { Token(try bytes.count(upTo: vocabularySize - 1)) }

  private mutating func flag() throws(RecordDamage) -> Bool { try bytes.count(upTo: 1) == 1 }

  private mutating func time() throws(RecordDamage) -> Duration {
    .nanoseconds(try bytes.count(upTo: .max))
  }
}
