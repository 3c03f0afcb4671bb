internal import Apus

extension InvokeBody {
  /// What most makers' newer models take: messages as in OpenAI's API, or a prompt.
  static func open(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    guard fields["messages"] != nil else {
      let options = try fields.options(BodyNames(usualMaxTokens: 512), setting)
      return InvokeBody(
        RawInput(text: try fields.text("prompt"), options: options), ListedTextFormat(listName: "choices"))
    }
    let chat = try ChatRequest(fields, model: setting.model, limits: setting.limits)
    let encoder = EventChunks(events: ChatEndpoint.encoder(chat, setting))
    return InvokeBody(chat.input) { _ in encoder }
  }
}

/// The events of another dialect's stream, each as a chunk.
private struct EventChunks: AnswerEncoder {
  var events: any AnswerEncoder

  mutating func open(_ choice: Int) -> [UInt8] { Self.chunks(events.open(choice)) }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { Self.chunks(events.delta(choice, delta)) }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] { Self.chunks(events.close(choice, result)) }

  mutating func finish(_ usage: UsageCount) -> [UInt8] { Self.chunks(events.finish(usage)) }

  mutating func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    var reply = events.whole(results, usage)
    reply.headers.append(contentsOf: InvokeEncoder.headers(results, usage))
    return reply
  }

  /// The data of server-sent events; a line of them holds one JSON object, except for the last.
  private static func chunks(_ events: [UInt8]) -> [UInt8] {
    events.split(separator: 0x0A).flatMap { line in
      line.starts(with: "data: {".utf8) ? InvokeEncoder.chunk(Array(line.dropFirst("data: ".utf8.count))) : []
    }
  }
}
