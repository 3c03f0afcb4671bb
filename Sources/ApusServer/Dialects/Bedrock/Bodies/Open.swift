internal import Apus
internal import ApusJSON

extension InvokeBody {
  /// What most makers' newer models take: messages as in OpenAI's API, or a prompt.
  ///
  /// - Parameters:
  ///   - fields: The body.
  ///   - setting: Who asks which model.
  ///   - hasStopReason: Whether choices say why they ended in `stop_reason`, too, as Mistral's chats on Bedrock do.
  /// - Returns: What is asked for, and who writes the answer.
  /// - Throws: A `Refusal` where a field is wrong.
  static func open(
    _ fields: RequestFields, _ setting: JobSetting, hasStopReason: Bool = false
  ) throws(Refusal) -> InvokeBody {
    guard fields["messages"] != nil else {
      let options = try fields.options(BodyNames(usualMaxTokens: 512), setting)
      return InvokeBody(
        RawInput(text: try fields.text("prompt"), options: options), ListedTextFormat(listName: "choices"))
    }
    let chat = try ChatRequest(fields, model: setting.model, limits: setting.limits)
    guard chat.fields.promptLogProbabilities == nil else {
      throw .unsupported("prompt_logprobs", "prompt_logprobs on Bedrock's paths")
    }
    var encoder = ChatEndpoint.encoder(chat, setting)
    encoder.repeatsEnd = hasStopReason
    return InvokeBody(chat.input) { [encoder] prompt in
      var encoder = encoder
      encoder.promptTokens = prompt
      return EventChunks(events: encoder)
    }
  }
}

/// The events of another dialect's stream, each as a chunk.
private struct EventChunks: AnswerEncoder {
  var events: any AnswerEncoder

  mutating func open(_ choice: Int) -> [UInt8] { chunks(events.open(choice)) }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { chunks(events.delta(choice, delta)) }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] { chunks(events.close(choice, result)) }

  mutating func finish(_ usage: UsageCount) -> [UInt8] { chunks(events.finish(usage)) }

  mutating func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    var reply = events.whole(results, usage)
    reply.headers.append(contentsOf: InvokeEncoder.headers(results, usage))
    return reply
  }

  /// The data of server-sent events; a line of them holds one JSON object, except for the last.
  private func chunks(_ events: [UInt8]) -> [UInt8] {
    events.split(separator: 0x0A).flatMap { line -> [UInt8] in
      guard line.starts(with: "data: {".utf8) else { return [] }
      return InvokeEncoder.chunk(Array(line.dropFirst("data: ".utf8.count)))
    }
  }
}
