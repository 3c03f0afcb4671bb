internal import ApusCore

/// Writes down what a completion told, so that it can be told again.
///
/// The form is our own: `RecordedCompletion.version`, each delta, the summary, and a digest of all.
package struct CompletionRecorder: Sendable {
  private let byteLimit: Int
  private var writer = RecordWriter()
  private var isTooLong = false

  /// Writes at most so many bytes; of a completion that takes more there is no recording.
  package init(byteLimit: Int) {
    self.byteLimit = byteLimit
    writer.byte(RecordedCompletion.version)
  }

  /// Takes note of more text and tokens.
  package mutating func note(_ delta: TextDelta) {
    guard !isTooLong, !delta.text.isEmpty || !delta.tokens.isEmpty else { return }
    writer.byte(RecordPart.delta.rawValue)
    writer.text(delta.text)
    writer.count(delta.tokens.count)
    for token in delta.tokens { writer.token(token) }
    checkLength()
  }

  /// The whole recording, once the completion has ended; nil where it is not to be kept.
  ///
  /// It is not where something that its request does not say has cut it, and where it is too long.
  package mutating func finish(_ summary: GenerationSummary) -> [UInt8]? {
    guard summary.finishReason == .stop || summary.finishReason == .length, summary.vector == nil else { return nil }
    guard !isTooLong else { return nil }
    writer.byte(RecordPart.end.rawValue)
    writer.summary(summary)
    writer.seal()
    checkLength()
    return isTooLong ? nil : writer.bytes
  }

  private mutating func checkLength() {
    guard writer.bytes.count > byteLimit else { return }
    isTooLong = true
    writer = RecordWriter()
  }
}

/// What stands before each part of a recording.
enum RecordPart: UInt8 {
  case delta = 1
  case end = 2
}

/// How the text of a completion ended, as a recording has it.
enum RecordedEnd: UInt8 {
  case length, endOfGeneration, stopText, stopToken, outputComplete
}

extension RecordWriter {
  fileprivate mutating func token(_ token: GeneratedToken) {
    count(Int(token.id))
    byte(token.logProbabilities == nil ? 0 : 1)
    if let values = token.logProbabilities { probabilities(values) }
  }

  private mutating func probabilities(_ values: TokenLogProbabilities) {
    double(values.chosen)
    count(values.rank)
    count(values.top.count)
    for entry in values.top {
      count(Int(entry.token))
      double(entry.logProbability)
    }
  }

  fileprivate mutating func summary(_ summary: GenerationSummary) {
    end(summary.stopReason)
    byte(summary.endToken == nil ? 0 : 1)
    if let endToken = summary.endToken { token(endToken) }
    count(summary.usage.cachedTokens)
    for time in [summary.timings.queue, summary.timings.prefill, summary.timings.decode] { nanoseconds(time) }
    fixed(summary.seed)
    count(summary.proposedTokens)
    count(summary.acceptedTokens)
    count(summary.predictedTokens)
    count(summary.reasoningTokens)
    count(summary.scores.count)
    for score in summary.scores { probabilities(score) }
  }

  private mutating func end(_ reason: StopReason?) {
    switch reason {
    case nil: byte(RecordedEnd.length.rawValue)
    case .endOfGeneration(let token):
      byte(RecordedEnd.endOfGeneration.rawValue)
      count(Int(token))
    case .stopText(let stop):
      byte(RecordedEnd.stopText.rawValue)
      text(stop)
    case .stopToken(let token):
      byte(RecordedEnd.stopToken.rawValue)
      count(Int(token))
    case .outputComplete: byte(RecordedEnd.outputComplete.rawValue)
    }
  }

  private mutating func nanoseconds(_ time: Duration) {
    let (seconds, attoseconds) = max(.zero, time).components
    number(UInt64(seconds) &* 1_000_000_000 &+ UInt64(attoseconds / 1_000_000_000))
  }
}
