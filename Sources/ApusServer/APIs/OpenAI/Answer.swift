internal import Apus
internal import ApusJSON
internal import AsyncAlgorithms
internal import Hummingbird

/// The answer to one generating request: what is common to its whole form and its frames.
struct Answer: Sendable {
  let id: String
  let created: Int
  let model: String
  /// Changes with what may change the text for the same seed.
  let fingerprint: String
  /// The kind of object that a whole answer and one frame are.
  let wholeKind: String
  let frameKind: String
  /// Whether a stream ends with the usage.
  let includesUsage: Bool
  /// How the choice of that number looks.
  let format: @Sendable (_ choice: Int) -> any ChoiceFormat

  /// The whole answer, when all choices have ended; an error where the work was ended before anything was produced.
  func whole(_ run: GenerationRun) async throws -> JSONValue {
    var usage = UsageCount()
    var choices: [JSONValue] = []
    var isEmpty = true
    var cut: AnswerEnd?
    for choice in 0..<run.plan.choiceCount {
      let result = try await run.result(of: choice)
      var format = self.format(choice)
      if let summary = result.summary {
        usage.add(summary.usage, choice: choice, count: run.plan.count)
        isEmpty = isEmpty && summary.usage.completionTokens == 0
      }
      if cut == nil, result.end.error != nil { cut = result.end }
      let end = Self.end(result.end, result.summary)
      choices.append(Self.choice(choice, format.whole(result.text, result.tokens), end: end))
    }
    if isEmpty || cut == .clientLeft, let error = cut?.error { throw error }
    if let cut { run.outcome.note(cut) }
    return .object(JSONObject(envelope(wholeKind, choices) + [("usage", usage.json)]))
  }

  /// The members that say how a choice ended; `stop_reason` is vLLM's: the text or token that ended it.
  fileprivate static func end(_ end: AnswerEnd, _ summary: GenerationSummary?) -> JSONMembers {
    let reason: JSONValue =
      switch summary?.stopReason {
      case .stopText(let text)?: .string(text)
      case .stopToken(let token)?: .int(Int(token))
      case .endOfGeneration?, nil: .null
      }
    return [("finish_reason", .string(end.rawValue)), ("stop_reason", reason)]
  }

  private func envelope(_ kind: String, _ choices: [JSONValue]) -> JSONMembers {
    [
      ("id", .string(id)), ("object", .string(kind)), ("created", .int(created)), ("model", .string(model)),
      ("system_fingerprint", .string(fingerprint)), ("choices", .array(choices)),
    ]
  }

  private static func choice(_ number: Int, _ members: JSONMembers, end: JSONMembers) -> JSONValue {
    .object(JSONObject([("index", .int(number))] + members + end))
  }

  /// One frame of the stream.
  fileprivate func frame(_ choice: Int, _ members: JSONMembers, end: JSONMembers? = nil) -> ByteBuffer {
    let end = end ?? [("finish_reason", .null)]
    return frame([Self.choice(choice, members, end: end)], usage: .null)
  }

  /// The frame with the usage, which has no choices.
  fileprivate func frame(usage: UsageCount) -> ByteBuffer { frame([], usage: usage.json) }

  private func frame(_ choices: [JSONValue], usage: JSONValue) -> ByteBuffer {
    let usage: JSONMembers = includesUsage ? [("usage", usage)] : []
    return ServerSentEvents.event(.object(JSONObject(envelope(frameKind, choices) + usage)))
  }
}

/// Writes an answer frame by frame, as its tokens come.
struct AnswerStream: Sendable {
  let answer: Answer
  let run: GenerationRun
  let heartbeat: Heartbeat

  /// Writes everything up to `[DONE]`; a failure becomes the last frame.
  @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
    do {
      var usage = UsageCount()
      for choice in 0..<run.plan.choiceCount { try await write(choice, &usage, to: &writer) }
      if answer.includesUsage { try await writer.write(answer.frame(usage: usage)) }
    } catch {
      guard let refusal = APIError(known: error) else { throw error }
      try await writer.write(ServerSentEvents.event(refusal.json))
      run.outcome.note(refusal)
    }
    try await writer.write(ServerSentEvents.done)
    try await writer.finish(nil)
  }

  @concurrent private func write(
    _ choice: Int, _ usage: inout UsageCount, to writer: inout any ResponseBodyWriter
  ) async throws {
    var format = answer.format(choice)
    if let opening = format.opening() { try await writer.write(answer.frame(choice, opening)) }
    guard let events = try await run.events(of: choice) else { throw run.interruption?.error ?? .shuttingDown }
    var isQuiet = false
    for try await signal in events.ticking(with: heartbeat) {
      if case .event(let event) = signal { run.note(event) }
      switch signal {
      case .tick:
        if isQuiet || heartbeat.isProbing { try await writer.write(ServerSentEvents.ping) }
        isQuiet = true
      case .event(.progress): break
      case .event(.text(let delta)):
        guard let piece = format.piece(delta) else { continue }
        isQuiet = false
        try await writer.write(answer.frame(choice, piece))
      case .event(.finished(let summary)):
        usage.add(summary.usage, choice: choice, count: run.plan.count)
        let end = run.end(of: summary)
        if end.error == nil || summary.usage.completionTokens > 0 {
          run.outcome.note(end)
          try await writer.write(answer.frame(choice, format.closing(), end: Answer.end(end, summary)))
        }
        if let error = end.error { throw error }
        return
      }
    }
  }
}

/// One completion of an answer that is sent as a whole.
private struct ChoiceResult {
  var text = ""
  var tokens: [GeneratedToken] = []
  /// nil where the work was ended before this completion began.
  var summary: GenerationSummary?
  var end: AnswerEnd
}

extension GenerationRun {
  /// Waits for the end of one completion, and puts it together.
  fileprivate func result(of choice: Int) async throws -> ChoiceResult {
    var result = ChoiceResult(end: .shutdown)
    guard let events = try await events(of: choice) else {
      result.end = interruption ?? .shutdown
      return result
    }
    for try await event in events {
      note(event)
      switch event {
      case .progress: break
      case .text(let delta):
        result.text += delta.text
        result.tokens += delta.tokens
      case .finished(let summary):
        result.summary = summary
        result.end = end(of: summary)
      }
    }
    return result
  }
}
