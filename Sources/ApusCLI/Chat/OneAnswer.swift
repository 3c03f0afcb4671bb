internal import Apus
internal import ApusJSON
internal import ArgumentParser

/// Answers one prompt and ends.
struct OneAnswer {
  /// What the prompt is.
  enum Format {
    /// What a person says, for the chat template.
    case chat
    /// Text to go on with.
    case raw(parseSpecial: Bool)
  }

  /// What the answer looks like.
  enum Style {
    case text(showsStatistics: Bool)
    case json
  }

  let model: Model
  let options: GenerationOptions
  let system: String?
  let format: Format
  let output: Style

  /// Answers `prompt`.
  func run(_ prompt: String) async throws {
    let start = ContinuousClock.now
    switch output {
    case .json:
      let answer = try await answer(prompt, AnswerPrinter(isSilent: true))
      try write(json(of: answer, took: start.duration(to: .now)))
      if answer.wasInterrupted { throw ExitCode(Failure.interrupted) }
    case .text(let showsStatistics):
      let answer = try await answer(prompt, AnswerPrinter())
      AnswerReport(answer.summary, options, model).write(withStatistics: showsStatistics)
      if answer.wasInterrupted { throw ExitCode(Failure.interrupted) }
    }
  }

  private func answer(_ prompt: String, _ printer: AnswerPrinter) async throws -> Answer {
    switch format {
    case .raw(let parseSpecial):
      let tokens = try model.promptTokens(prompt, addSpecial: true, parseSpecial: parseSpecial)
      let stream = try model.stream(tokens: tokens, options: options)
      return try await printer.print(stream.map(ChatEvent.init), cancel: stream.cancel)
    case .chat:
      let session = try model.session(instructions: system, options: SessionOptions(overflow: .stop))
      return try await printer.print(session.streamResponse(to: prompt, options: options), cancel: session.cancel)
    }
  }

  private func write(_ value: JSONValue) throws {
    let output = Output()
    try output.write(value.pretty)
    try output.flush()
  }

  private func json(of answer: Answer, took duration: Duration) -> JSONValue {
    let summary = answer.summary
    return [
      "model": .string(model.information.name),
      "text": .string(answer.text),
      "reasoning": .string(answer.reasoning),
      "finish_reason": .string(summary.finishReason.rawValue),
      "usage": [
        "prompt_tokens": .int(summary.usage.promptTokens),
        "completion_tokens": .int(summary.usage.completionTokens),
        "total_tokens": .int(summary.usage.totalTokens),
      ],
      "timings": [
        "prompt_seconds": .number(seconds(summary.timings.prefill)),
        "generation_seconds": .number(seconds(summary.timings.decode)),
        "total_seconds": .number(seconds(duration)),
        "prompt_tokens_per_second": .number(summary.timings.prefillTokensPerSecond),
        "generation_tokens_per_second": .number(summary.timings.decodeTokensPerSecond),
      ],
      "seed": .string(String(summary.seed)),
      "kernels": .string(model.information.kernels),
      "threads": .int(model.information.threads),
    ]
  }
}
