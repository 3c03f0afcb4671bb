internal import Apus
internal import ApusJSON

/// Writes the answers of `Converse`, and of its stream.
struct ConverseEncoder: AnswerEncoder {
  private var events = ConverseEvents()

  func open(_ choice: Int) -> [UInt8] { Self.frames([events.beginning()]) }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { Self.frames(events.events(delta.events)) }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    // What cut it comes as an exception.
    guard result.end.error == nil else { return [] }
    let metadata = JSONValue.object(JSONObject(ConverseEvents.metadata(result.summary)))
    return Self.frames(events.ending(result) + [("metadata", metadata)])
  }

  func finish(_ usage: UsageCount) -> [UInt8] { [] }

  func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    let result = results.first ?? ChoiceResult()
    return WholeReply(
      .object(JSONObject(ConverseEvents.message(result) + ConverseEvents.metadata(result.summary))))
  }

  private static func frames(_ events: [ConverseEvents.Event]) -> [UInt8] {
    events.flatMap { Framing.eventStream.frame($0.payload, name: $0.name) }
  }
}
