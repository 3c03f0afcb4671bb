internal import ApusChat

/// A prompt while it is answered: reads the answer, and leaves the session with what became of it.
final class ChatTurn {
  private enum Phase { case new, answering, over }

  private let session: ChatSession
  private let prompt: String
  private let options: GenerationOptions
  private var phase = Phase.new
  private var events: GenerationStream.Iterator?
  private var text = ""
  private var reader: TurnReader?
  /// The end, where text had to come before it.
  private var last: GenerationEvent?

  init(_ session: ChatSession, _ prompt: String, _ options: GenerationOptions) {
    self.session = session
    self.prompt = prompt
    self.options = options
  }

  /// One that is left before its end was cancelled.
  deinit { end(with: said(.cancelled)) }

  func next() async throws(ApusError) -> GenerationEvent? {
    do throws(ApusError) {
      if phase == .new { try await begin() }
      if let last = last.take() { return last }
      guard phase == .answering, let event = try await events?.next() else { return nil }
      return try take(event)
    } catch {
      end(with: [])
      throw error
    }
  }

  private func begin() async throws(ApusError) {
    phase = .over
    let messages = try session.begin()
    phase = .answering
    let (stream, reader) = try await session.stream(messages + [.user(prompt)], options)
    (events, self.reader) = (stream.makeAsyncIterator(), reader)
  }

  /// The event as the reader of the session gets it.
  private func take(_ event: GenerationEvent) throws(ApusError) -> GenerationEvent {
    switch event {
    case .progress: return event
    case .text(let delta): return .text(told(reader?.feed(delta.text) ?? [], delta.tokens))
    case .finished(let summary):
      try checkRoom(summary)
      let rest = told(reader?.finish(isCut: summary.finishReason != .stop) ?? [], [])
      end(with: said(summary.finishReason))
      if rest.text.isEmpty && rest.reasoning.isEmpty { return event }
      last = event
      return .text(rest)
    }
  }

  /// A delta of what events say.
  private func told(_ events: [TurnEvent], _ tokens: [GeneratedToken]) -> TextDelta {
    var said = TurnSummary()
    said.take(events)
    text += said.content
    return TextDelta(text: said.content, reasoning: said.reasoning, tokens: tokens)
  }

  /// Throws where the answer met the end of the context and that is an error.
  private func checkRoom(_ summary: GenerationSummary) throws(ApusError) {
    guard session.options.overflow == .error, options.maxTokens == nil, summary.finishReason == .length else { return }
    throw .contextLengthExceeded(
      limit: session.model.information.contextLength, requested: summary.usage.totalTokens + 1,
      prompt: summary.usage.promptTokens)
  }

  /// What stays of an answer that ended so: nothing where it was cut off before its first word.
  private func said(_ reason: FinishReason) -> [Transcript.Entry] {
    let isCutOff = [.cancelled, .stalled, .deadline].contains(reason)
    if text.isEmpty && isCutOff { return [] }
    return [.prompt(text: prompt), .response(text: text, finishReason: reason)]
  }

  /// Leaves the session, once.
  private func end(with entries: [Transcript.Entry]) {
    defer { phase = .over }
    if phase == .answering { session.end(with: entries) }
  }
}
