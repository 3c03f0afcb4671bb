internal import Apus
internal import AsyncAlgorithms
internal import Hummingbird

/// Writes an answer frame by frame, as its tokens come; frames of several choices take turns.
struct AnswerStream: Sendable {
  let answer: Answer
  let run: GenerationRun
  let heartbeat: Heartbeat

  /// Writes everything up to `[DONE]`; a failure becomes the last frame.
  @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
    do {
      let usage = try await writeChoices(to: &writer)
      if answer.includesUsage { try await writer.write(answer.frame(usage: usage)) }
    } catch {
      guard let refusal = APIError(known: error) else { throw error }
      try await writer.write(ServerSentEvents.event(refusal.json))
      run.outcome.note(refusal)
    }
    try await writer.write(ServerSentEvents.done)
    try await writer.finish(nil)
  }

  /// Writes all choices to their ends; throws why they were cut, after what there is of them.
  @concurrent private func writeChoices(to writer: inout any ResponseBodyWriter) async throws -> UsageCount {
    var frames = ChoiceFrames(answer, run, heartbeat)
    for opening in frames.openings { try await writer.write(opening) }
    let signals = StreamSignals()
    let sending = Task { [run, heartbeat] in await run.send(to: signals, heartbeat) }
    defer { sending.cancel() }
    var iterator = signals.makeAsyncIterator()
    while frames.openCount > 0, let signal = try await iterator.next() {
      if let frame = frames.frame(for: signal) { try await writer.write(frame) }
    }
    if let error = frames.error { throw error }
    return frames.usage
  }
}

/// What is written of the choices of an answer.
private struct ChoiceFrames {
  private let answer: Answer
  private let run: GenerationRun
  private let heartbeat: Heartbeat
  private var formats: [any ChoiceFormat]
  /// Whether nothing was written since the last beat.
  private var isQuiet = false
  /// Choices that have not ended.
  private(set) var openCount: Int
  private(set) var usage = UsageCount()
  /// Why the answer was cut, if it was.
  private(set) var error: APIError?

  init(_ answer: Answer, _ run: GenerationRun, _ heartbeat: Heartbeat) {
    self.answer = answer
    self.run = run
    self.heartbeat = heartbeat
    formats = (0..<run.plan.choiceCount).map(answer.format)
    openCount = formats.count
  }

  /// The frames that stand before all tokens.
  var openings: [ByteBuffer] {
    formats.enumerated().compactMap { choice, format in format.opening().map { answer.frame(choice, $0) } }
  }

  /// Takes in a signal; gives the frame that it makes.
  mutating func frame(for signal: StreamSignal) -> ByteBuffer? {
    guard case .event(let event, let choice) = signal else {
      defer { isQuiet = true }
      return isQuiet || heartbeat.isProbing ? ServerSentEvents.ping : nil
    }
    run.note(event, of: choice)
    switch event {
    case .progress: return nil
    case .text(let delta):
      guard let piece = formats[choice].piece(delta) else { return nil }
      isQuiet = false
      return answer.frame(choice, piece)
    case .finished(let summary): return lastFrame(of: choice, summary)
    }
  }

  /// The last frame of a choice; none for one that was cut before it had a token.
  private mutating func lastFrame(of choice: Int, _ summary: GenerationSummary) -> ByteBuffer? {
    openCount -= 1
    usage.add(summary.usage, choice: choice, count: run.plan.count)
    let end = run.end(of: summary)
    error = error ?? end.error
    guard end.error == nil || summary.usage.completionTokens > 0 else { return nil }
    run.outcome.note(end)
    let members = formats[choice].closing(summary)
    return answer.frame(choice, members, end: Answer.end(end, summary, by: formats[choice].stopWord))
  }
}
