internal import Apus
internal import ApusJSON

extension InvokeBody {
  /// Amazon's Nova: Converse's messages and tools, with options of its own.
  static func nova(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    fields.accept(["schemaVersion"])
    let names = BodyNames(
      maxTokens: ["maxTokens", "max_new_tokens"], topP: ["topP", "top_p"], topK: ["topK", "top_k"],
      stop: ["stopSequences", "stop_sequences"])
    let configuration = "inferenceConfig"
    let inner = try fields.object(configuration) ?? fields.nested(JSONObject(), configuration)
    let input = ChatInput(
      messages: try fields.converseMessages(setting.limits), tools: try fields.converseTools(setting.limits),
      options: try inner.options(names, setting))
    return InvokeBody(input, NovaFormat())
  }
}

private struct NovaFormat: InvokeFormat {
  private var events = ConverseEvents()

  func open() -> [JSONMembers] { members([events.beginning()]) }

  mutating func delta(_ delta: AnswerDelta) -> [JSONMembers] { members(events.events(delta.events)) }

  mutating func close(_ result: ChoiceResult) -> [JSONMembers] {
    let metadata = JSONValue.object(JSONObject(ConverseEvents.metadata(result.summary)))
    return members(events.ending(result) + [("metadata", metadata)])
  }

  func whole(_ results: [ChoiceResult]) -> JSONMembers {
    let result = results.first ?? ChoiceResult()
    return ConverseEvents.message(result) + ConverseEvents.metadata(result.summary)
  }

  private func members(_ events: [ConverseEvents.Event]) -> [JSONMembers] { events.map { [($0.name, $0.payload)] } }
}
