package import ApusChat

/// What the text of one answer means while it comes: content, reasoning, calls of tools; a pure value.
///
/// The calls that it tells have ids, made up where the model's format has none.
package struct TurnReader: Sendable {
  private var parser: TurnParser
  private let ids: String

  /// Reads a turn in the format of `model`, which is as `turn` says.
  ///
  /// `ids` begins the ids that are made up; it should be another one for each answer.
  package init(_ model: Model, _ turn: TurnConstraint, startsInReasoning: Bool = false, ids: String) {
    parser = TurnParser(
      model.chatFormat?.turns ?? TurnFormat(), tools: turn.tools, choice: turn.choice,
      allowsSeveral: turn.allowsSeveral, isConstrained: turn.calls != nil, callsComeFirst: turn.callsComeFirst,
      startsInReasoning: startsInReasoning)
    self.ids = ids
  }

  /// Reads more of the answer.
  package mutating func feed(_ text: String) -> [TurnEvent] { parser.feed(text).map(named) }

  /// The answer is over, cut off or not; what was held back comes now.
  package mutating func finish(isCut: Bool) -> [TurnEvent] { parser.finish(isCut: isCut).map(named) }

  private func named(_ event: TurnEvent) -> TurnEvent {
    guard case .callBegins(let index, let id, let name) = event else { return event }
    return .callBegins(index: index, id: id ?? "\(ids)\(index)", name: name)
  }
}

/// What one answer said in all.
package struct TurnSummary: Sendable, Equatable {
  package private(set) var content = ""
  package private(set) var reasoning = ""
  /// Its calls; one that was cut off has the arguments so far.
  package private(set) var calls: [ToolCall] = []
  /// How many of them are complete.
  package private(set) var completeCalls = 0

  package init() {}

  /// Takes in events, in their order.
  package mutating func take(_ events: [TurnEvent]) {
    for event in events {
      switch event {
      case .content(let text): content += text
      case .reasoning(let text): reasoning += text
      case .callBegins(_, let id, let name): calls.append(ToolCall(id: id ?? "", name: name, arguments: ""))
      case .callArguments(let index, let text):
        if calls.indices.contains(index) { calls[index].arguments += text }
      case .callEnds: completeCalls += 1
      }
    }
  }
}
