/// A prompt while it is answered: reads the answer, and leaves the session with what became of it.
final class ChatTurn {
  private enum Phase { case new, answering, over }

  private let session: ChatSession
  private let prompt: String
  private let options: GenerationOptions
  private var phase = Phase.new
  private var events: GenerationStream.Iterator?
  private var text = ""

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
      guard phase == .answering, let event = try await events?.next() else { return nil }
      try take(event)
      return event
    } catch {
      end(with: [])
      throw error
    }
  }

  private func begin() async throws(ApusError) {
    phase = .over
    let messages = try session.begin()
    phase = .answering
    events = try await session.stream(messages + [.user(prompt)], options).makeAsyncIterator()
  }

  private func take(_ event: GenerationEvent) throws(ApusError) {
    switch event {
    case .progress: break
    case .text(let delta): text += delta.text
    case .finished(let summary):
      try checkRoom(summary)
      end(with: said(summary.finishReason))
    }
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
