internal import Apus
internal import ApusJSON
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
    for (choice, result) in try await run.results().enumerated() {
      var format = self.format(choice)
      if let summary = result.summary {
        usage.add(summary.usage, choice: choice, count: run.plan.count)
        isEmpty = isEmpty && summary.usage.completionTokens == 0
      }
      if cut == nil, result.end.error != nil { cut = result.end }
      let members = format.whole(result.text, result.tokens, result.summary)
      let end = Self.end(result.end, result.summary, by: format.stopWord)
      choices.append(Self.choice(choice, members, end: end))
    }
    if isEmpty || cut == .clientLeft, let error = cut?.error { throw error }
    if let cut { run.outcome.note(cut) }
    return .object(JSONObject(envelope(wholeKind, choices) + [("usage", usage.json)]))
  }

  /// The members that say how a choice ended; `stop_reason` is vLLM's: the text or token that ended it.
  static func end(_ end: AnswerEnd, _ summary: GenerationSummary?, by stopWord: String) -> JSONMembers {
    let reason: JSONValue =
      switch summary?.stopReason {
      case .stopText(let text)?: .string(text)
      case .stopToken(let token)?: .int(Int(token))
      case .endOfGeneration?, .outputComplete?, nil: .null
      }
    return [("finish_reason", .string(end == .stop ? stopWord : end.rawValue)), ("stop_reason", reason)]
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
  func frame(_ choice: Int, _ members: JSONMembers, end: JSONMembers? = nil) -> ByteBuffer {
    let end = end ?? [("finish_reason", .null)]
    return frame([Self.choice(choice, members, end: end)], usage: .null)
  }

  /// The frame with the usage, which has no choices.
  func frame(usage: UsageCount) -> ByteBuffer { frame([], usage: usage.json) }

  private func frame(_ choices: [JSONValue], usage: JSONValue) -> ByteBuffer {
    let usage: JSONMembers = includesUsage ? [("usage", usage)] : []
    return ServerSentEvents.event(.object(JSONObject(envelope(frameKind, choices) + usage)))
  }
}

/// One completion of an answer that is sent as a whole.
private struct ChoiceResult: Sendable {
  var text = ""
  var tokens: [GeneratedToken] = []
  var summary: GenerationSummary?
  var end = AnswerEnd.shutdown
}

extension GenerationRun {
  /// Waits for the end of all completions, and puts them together, in their order.
  fileprivate func results() async throws -> [ChoiceResult] {
    try await withThrowingTaskGroup(of: (Int, ChoiceResult).self) { tasks in
      let streams = streams
      for (choice, stream) in streams.enumerated() {
        tasks.addTask { (choice, try await self.result(of: stream, choice)) }
      }
      var results = streams.map { _ in ChoiceResult() }
      for try await (choice, result) in tasks { results[choice] = result }
      return results
    }
  }

  private func result(of stream: GenerationStream, _ choice: Int) async throws -> ChoiceResult {
    var result = ChoiceResult()
    for try await event in stream {
      note(event, of: choice)
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
