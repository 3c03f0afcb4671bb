internal import ApusJSON
internal import ApusSampling

/// A request on its way to the engine's thread.
struct PendingGeneration: Sendable {
  let sequence: SequenceRequest
  let output: CompletionText
  let chooser: Chooser
  let channel: EventChannel
  let seed: UInt64
  let submitted: ContinuousClock.Instant
}

/// One request while it is worked on: how its tokens are chosen, become text, and reach the reader.
///
/// Belongs to the engine's thread.
final class Generation {
  /// The times that a summary is made of.
  private struct Times {
    let submitted: ContinuousClock.Instant
    var started: ContinuousClock.Instant?
    var firstToken: ContinuousClock.Instant?
  }

  let channel: EventChannel
  let promptCount: Int
  private let seed: UInt64
  private var chooser: Chooser
  private var output: CompletionText
  private var times: Times
  /// The token that was chosen last.
  private(set) var choice: Result<GeneratedToken, SamplingError>?
  private(set) var cachedCount = 0
  private(set) var completionCount = 0

  init(_ pending: PendingGeneration) {
    channel = pending.channel
    promptCount = pending.sequence.prompt.count
    seed = pending.seed
    chooser = pending.chooser
    output = pending.output
    times = Times(submitted: pending.submitted)
  }

  /// Whether a step has worked on it.
  var isStarted: Bool { times.started != nil }

  /// Notes the first step that works on it, and tells the reader that it no longer waits.
  func start(cached: Int, at time: ContinuousClock.Instant) {
    guard times.started == nil else { return }
    times.started = time
    cachedCount = cached
    channel.send(PromptProgress(processed: cached, cached: cached, total: promptCount))
  }

  /// Chooses the next token; any thread may do it while the engine's waits.
  func choose(_ logits: Span<Float>, _ workspace: inout Workspace) {
    choice = Result { () throws(SamplingError) in try chooser.choose(logits, &workspace) }
  }

  /// What a token led to.
  struct Outcome {
    var stop: StopReason?
    var isReaderBehind = false
  }

  /// Takes the chosen token into the completion and sends what text it makes.
  func accept(_ token: GeneratedToken, at time: ContinuousClock.Instant) -> Outcome {
    if times.firstToken == nil { times.firstToken = time }
    chooser.accept(token.id)
    completionCount += 1
    let (text, stop) = output.take(token.id)
    let isBehind = channel.send(text, token)
    return Outcome(stop: stop.map { .stopText($0) }, isReaderBehind: isBehind)
  }

  /// Sends the rest of the text and the end.
  func finish(_ reason: FinishReason, _ stop: StopReason?, at time: ContinuousClock.Instant) {
    var (reason, stop) = (reason, stop)
    let (text, lateStop) = output.finish()
    if !text.isEmpty { _ = channel.send(text, nil) }
    if let lateStop { (reason, stop) = (.stop, .stopText(lateStop)) }
    let usage = Usage(promptTokens: promptCount, completionTokens: completionCount, cachedTokens: cachedCount)
    channel.finish(
      .success(
        GenerationSummary(
          finishReason: reason, stopReason: stop, usage: usage, timings: timings(usage, end: time), seed: seed)))
  }

  private func timings(_ usage: Usage, end: ContinuousClock.Instant) -> Timings {
    let started = times.started ?? end
    let firstToken = times.firstToken ?? end
    let prefill = started.duration(to: firstToken)
    let decode = firstToken.duration(to: end)
    return Timings(
      queue: times.submitted.duration(to: started), prefill: prefill, decode: decode,
      prefillTokensPerSecond: rate(isStarted ? usage.promptTokens - usage.cachedTokens : 0, prefill),
      decodeTokensPerSecond: rate(max(0, usage.completionTokens - 1), decode))
  }
}

/// Tokens per second; 0 for no time.
private func rate(_ tokens: Int, _ time: Duration) -> Double {
  let seconds = time / .seconds(1)
  return seconds > 0 ? Double(tokens) / seconds : 0
}
