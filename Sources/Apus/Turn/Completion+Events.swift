extension Completion {
  /// Reads `events` to their end; of a session's answer, text and tokens are those of its last turn.
  init(of events: some AsyncSequence<ChatEvent, ApusError>) async throws(ApusError) {
    var parts = Parts()
    for try await event in events {
      switch event {
      case .progress, .toolCallBegins, .toolCallArguments: break
      case .text(let delta): parts.add(delta)
      case .toolCall(let call): parts.calls.append(call)
      case .toolResult: parts.beginTurn()
      case .finished(let summary):
        self.init(parts, summary)
        return
      }
    }
    throw .engineFailed(reason: "the stream was read already: iterate a stream once")
  }

  /// What has come of it.
  private struct Parts {
    var text = "", reasoning = ""
    var tokens: [GeneratedToken] = []
    var calls: [ToolCall] = []

    mutating func add(_ delta: TextDelta) {
      text += delta.text
      reasoning += delta.reasoning
      tokens += delta.tokens
    }

    mutating func beginTurn() { (text, reasoning, tokens) = ("", "", []) }
  }

  private init(_ parts: Parts, _ summary: GenerationSummary) {
    self.init(
      text: parts.text, reasoning: parts.reasoning, toolCalls: parts.calls, tokens: parts.tokens, summary: summary)
  }
}
