internal import Apus
internal import ApusJSON

extension InvokeBody {
  /// Claude: the messages of Anthropic's own API.
  static func claude(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    let request = try MessagesRequest(fields, setting)
    var body = InvokeBody(request.input) { prompt in
      InvokeEncoder(
        ClaudeFormat(
          events: MessageEvents(
            model: setting.name, promptTokens: prompt.count, maxTokens: request.input.options.maxTokens,
            omitsThinking: request.omitsThinking, idPrefix: "msg_bdrk_")))
    }
    body.idPrefix = "toolu_bdrk_"
    return body
  }
}

/// The events of Anthropic's streams, each a chunk.
private struct ClaudeFormat: InvokeFormat {
  var events: MessageEvents

  mutating func delta(_ delta: AnswerDelta) -> [JSONMembers] { events.take(delta.events).map(\.members) }

  mutating func close(_ result: ChoiceResult) -> [JSONMembers] {
    (events.end(result) + [MessageEvents.stop]).map(\.members)
  }

  func whole(_ results: [ChoiceResult]) -> JSONMembers { results.first.map { events.message($0).members } ?? [] }
}

extension JSONValue {
  /// The members of an object; none of anything else.
  fileprivate var members: JSONMembers {
    guard case .object(let object) = self else { return [] }
    return zip(object.keys, object.values).map { ($0, $1) }
  }
}
