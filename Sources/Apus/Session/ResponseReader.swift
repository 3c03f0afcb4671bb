/// A prompt while it is answered: asks for one turn of the model after the other, has the tools run that a turn calls, and
/// leaves the session with what became of it all.
final class ResponseReader {
  private enum Phase { case new, answering, over }

  private let session: ChatSession
  private let prompt: String
  private let options: GenerationOptions
  private var phase = Phase.new
  /// What the next turn follows.
  private var messages: [ChatMessage] = []
  /// The turns before that called tools, with their results.
  private var rounds: [Transcript.Entry] = []
  /// The turn that is being read; nil between two.
  private var turn: ChatStream.Iterator?
  /// How the turn before ended.
  private var last: GenerationSummary?
  /// What is known already and not told yet.
  private var events: ArraySlice<ChatEvent> = []

  init(_ session: ChatSession, _ prompt: String, _ options: GenerationOptions) {
    self.session = session
    self.prompt = prompt
    self.options = options
  }

  /// One that is left before its end was cancelled.
  deinit { end(.cancelled) }

  func next() async throws(ApusError) -> ChatEvent? {
    do throws(ApusError) {
      if phase == .new { try begin() }
      while true {
        if let event = events.popFirst() { return event }
        if phase == .over { return nil }
        if turn == nil {
          try await beginTurn()
          continue
        }
        guard let event = try await turn?.next() else { return nil }
        guard case .finished(let summary) = event else { return event }
        try await endTurn(summary)
      }
    } catch {
      leave(with: [])
      throw error
    }
  }

  private func begin() throws(ApusError) {
    phase = .over
    messages = try session.begin() + [.user(prompt)]
    phase = .answering
  }

  private func beginTurn() async throws(ApusError) {
    var options = options
    // A tool that must be called was called then.
    if !rounds.isEmpty, options.toolChoice != .none { options.toolChoice = .auto }
    do throws(ApusError) {
      turn = try await session.stream(messages, options).makeAsyncIterator()
    } catch {
      guard case .stopped = error, let last else { throw error }
      cancel(behind: last)
    }
  }

  /// Ends the response, or has the tools run that were called.
  private func endTurn(_ summary: GenerationSummary) async throws(ApusError) {
    try checkRoom(summary)
    let calls = turn?.said.completedCalls ?? []
    guard summary.finishReason == .stop, !calls.isEmpty else {
      end(summary.finishReason)
      return events.append(.finished(summary))
    }
    let limit = session.options.maximumToolRounds
    guard rounds.count < limit else { throw .tooManyToolRounds(limit: limit) }
    guard let results = try await session.results(of: calls) else { return cancel(behind: summary) }
    let round = Transcript.Entry.toolCalls(
      text: turn?.said.content ?? "", reasoning: turn?.said.reasoning ?? "", results: results)
    rounds.append(round)
    messages += round.messages
    (turn, last) = (nil, summary)
    events += results.map(ChatEvent.toolResult)
  }

  /// Ends a response that was cancelled between two turns.
  private func cancel(behind summary: GenerationSummary) {
    end(.cancelled)
    events.append(.finished(summary.cancelled))
  }

  /// Throws where the answer met the end of the context and that is an error.
  private func checkRoom(_ summary: GenerationSummary) throws(ApusError) {
    guard session.options.overflow == .error, options.maxTokens == nil, summary.finishReason == .length else { return }
    throw .contextLengthExceeded(
      limit: session.model.information.contextLength, requested: summary.usage.totalTokens + 1,
      prompt: summary.usage.promptTokens)
  }

  /// Leaves the session with an answer that ended so: with nothing where it was cut off before its first word.
  private func end(_ reason: FinishReason) {
    let text = turn?.said.content ?? ""
    let isCutOff = [.cancelled, .stalled, .deadline].contains(reason)
    if text.isEmpty && rounds.isEmpty && isCutOff { return leave(with: []) }
    leave(with: [.prompt(text: prompt)] + rounds + [.response(text: text, finishReason: reason)])
  }

  /// Leaves the session, once.
  private func leave(with entries: [Transcript.Entry]) {
    defer { phase = .over }
    if phase == .answering { session.end(with: entries) }
  }
}

extension TurnSummary {
  /// The calls that are complete.
  fileprivate var completedCalls: [ToolCall] { Array(calls.prefix(completeCalls)) }
}
