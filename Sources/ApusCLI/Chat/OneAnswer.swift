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
    let stream = try stream(prompt)
    let answer: Answer
    switch output {
    case .json:
      answer = try await AnswerPrinter(isSilent: true).print(stream, cancel: stream.cancel)
      try write(json(of: answer, took: start.duration(to: .now)))
    case .text(let showsStatistics):
      answer = try await AnswerPrinter().print(stream, cancel: stream.cancel)
      AnswerReport(answer.summary, options, model).write(withStatistics: showsStatistics)
    }
    if answer.wasInterrupted { throw ExitCode(Failure.interrupted) }
  }

  private func stream(_ prompt: String) throws -> GenerationStream {
    switch format {
    case .raw(let parseSpecial):
      let tokens = try model.promptTokens(prompt, addSpecial: true, parseSpecial: parseSpecial)
      return try model.stream(tokens: tokens, options: options)
    case .chat:
      let messages = (system.map { [ChatMessage.system($0)] } ?? []) + [.user(prompt)]
      return try model.streamChat(messages, options: options)
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
