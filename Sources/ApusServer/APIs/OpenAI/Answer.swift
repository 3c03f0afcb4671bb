internal import Apus
internal import ApusTokenizers
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

  /// The whole answer, when all choices have ended.
  func whole(_ run: GenerationRun) async throws -> JSONValue {
    var usage = UsageCount()
    var choices: [JSONValue] = []
    for choice in 0..<run.plan.choiceCount {
      let completion = try await run.events(of: choice).completion()
      var format = self.format(choice)
      let members = format.whole(completion.text, completion.tokens)
      usage.add(completion.usage, choice: choice, count: run.plan.count)
      choices.append(Self.choice(choice, members, end: try run.finish(of: completion.summary)))
    }
    return .object(JSONObject(envelope(wholeKind, choices) + [("usage", usage.json)]))
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
    } catch let error as ApusError {
      try await writer.write(ServerSentEvents.event(APIError(error).json))
    } catch let error as APIError {
      try await writer.write(ServerSentEvents.event(error.json))
    }
    try await writer.write(ServerSentEvents.done)
    try await writer.finish(nil)
  }

  @concurrent private func write(
    _ choice: Int, _ usage: inout UsageCount, to writer: inout any ResponseBodyWriter
  ) async throws {
    var format = answer.format(choice)
    if let opening = format.opening() { try await writer.write(answer.frame(choice, opening)) }
    var isQuiet = false
    for try await signal in try run.events(of: choice).ticking(with: heartbeat) {
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
        let end = try run.finish(of: summary)
        try await writer.write(answer.frame(choice, format.closing(), end: end))
        return
      }
    }
  }
}

extension GenerationRun {
  /// The members that say how a choice ended; `stop_reason` is vLLM's: the text or token that ended it.
  fileprivate func finish(of summary: GenerationSummary) throws(APIError) -> JSONMembers {
    let reason: JSONValue =
      switch summary.stopReason {
      case .stopText(let text)?: .string(text)
      case .stopToken(let token)?: .int(Int(token))
      case .endOfGeneration?, nil: .null
      }
    return [("finish_reason", .string(try finishReason(of: summary))), ("stop_reason", reason)]
  }
}
