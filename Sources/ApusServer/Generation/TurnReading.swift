internal import Apus
internal import ApusChat
internal import ApusJSON

/// How the answers of a chat are read.
struct TurnReading: Sendable {
  /// What they must be.
  let turn: TurnConstraint
  /// Whether they begin within the model's reasoning.
  let startsInReasoning: Bool
  /// What ids begin with that are made up for calls.
  var idPrefix = "call_"

  /// A reader for one answer.
  func reader(_ model: Model) -> TurnReader {
    TurnReader(model, turn, startsInReasoning: startsInReasoning, ids: newIdentifier(idPrefix))
  }
}

/// The tools that a model may call in its answer.
struct ToolUse: Sendable {
  /// Their definitions: objects of type `function`, as in OpenAI's API.
  var definitions: [JSONValue] = []
  var choice = ToolChoice.auto
  /// Whether one answer may have several calls.
  var allowsSeveral = true
}

/// One choice while it comes: what its text means.
struct ChoiceReading: Sendable {
  private var reader: TurnReader?
  private(set) var turn = TurnSummary()

  /// Reads the text of a chat's answer; without a `reader`, all of it is content.
  init(_ reader: TurnReader?) { self.reader = reader }

  mutating func feed(_ delta: TextDelta) -> [TurnEvent] {
    take(reader?.feed(delta.text) ?? (delta.text.isEmpty ? [] : [.content(delta.text)]))
  }

  /// The text is over; what was held back comes now.
  mutating func finish(_ summary: GenerationSummary?) -> [TurnEvent] {
    take(reader?.finish(isCut: summary?.finishReason != .stop) ?? [])
  }

  private mutating func take(_ events: [TurnEvent]) -> [TurnEvent] {
    turn.take(events)
    return events
  }
}
