internal import Apus

/// An answer, and what it took.
struct Answer {
  var text: String
  /// What the model thought before, where it marks that.
  var reasoning: String
  let summary: GenerationSummary
  /// Whether Ctrl-C stopped it.
  let wasInterrupted: Bool
}

/// Writes an answer to standard output as it comes.
struct AnswerPrinter {
  /// Only collects the answer.
  var isSilent = false
  /// Prompts of fewer tokens show no progress.
  private static let longPrompt = 64

  /// Writes all of `events`; Ctrl-C calls `cancel`, which ends them within a token.
  func print(
    _ events: some AsyncSequence<ChatEvent, ApusError>, cancel: () -> Void
  ) async throws -> Answer {
    Interrupts.begin()
    defer { Interrupts.end() }
    let bar = ProgressBar("reading the prompt")
    defer { bar.finish() }
    var (text, reasoning) = ("", "")
    let line = AnswerLine(isSilent: isSilent)
    for try await event in events {
      if Interrupts.isPending { cancel() }
      switch event {
      case .progress(let progress):
        if progress.total >= Self.longPrompt { bar.update(progress.processed, of: progress.total) }
      case .text(let delta):
        if !delta.text.isEmpty || !delta.reasoning.isEmpty { bar.finish() }
        text += delta.text
        reasoning += delta.reasoning
        line.showReasoning(delta.reasoning)
        try line.write(delta.text)
      case .toolCallBegins, .toolCallArguments, .toolCall, .toolResult: break
      case .finished(let summary):
        bar.finish()
        try line.end()
        return Answer(text: text, reasoning: reasoning, summary: summary, wasInterrupted: Interrupts.isPending)
      }
    }
    throw Failure("the answer ended without a summary: report this, please")
  }
}

/// Standard output while an answer comes: each piece is seen at once.
private struct AnswerLine {
  let isSilent: Bool
  private let output = Output()
  private let isTerminal = Terminal.isOutput

  init(isSilent: Bool) { self.isSilent = isSilent }

  func write(_ text: String) throws(OutputError) {
    guard !isSilent, !text.isEmpty else { return }
    try output.write(isTerminal ? Terminal.harmless(text) : text)
    try output.flush()
  }

  /// What the model thinks is shown to a person, in a faint colour, and to nobody else.
  func showReasoning(_ text: String) {
    guard !isSilent, !text.isEmpty, Terminal.isError, isTerminal else { return }
    StandardError.write("\u{1B}[2m" + Terminal.harmless(text) + "\u{1B}[0m")
  }

  /// Ends the line.
  func end() throws(OutputError) {
    guard !isSilent else { return }
    try output.writeLine()
    try output.flush()
  }
}
