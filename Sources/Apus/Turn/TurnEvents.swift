internal import ApusChat

/// Tells what the generation of one turn means, as it comes; a pure value.
///
/// Library and server read turns with it.
package struct TurnEvents: Sendable {
  private var reader: TurnReader
  /// What was said so far.
  package private(set) var said = TurnSummary()

  package init(_ reader: TurnReader) { self.reader = reader }

  /// What `event` tells; nothing while it is not known what its text means.
  package mutating func read(_ event: GenerationEvent) -> [ChatEvent] {
    switch event {
    case .progress(let progress): [.progress(progress)]
    case .text(let delta): told(reader.feed(delta.text), delta.tokens)
    case .finished(let summary):
      told(reader.finish(isCut: summary.finishReason != .stop), []) + [.finished(summary)]
    }
  }

  /// Events as a chat has them; the tokens go with the first text.
  private mutating func told(_ events: [TurnEvent], _ tokens: [GeneratedToken]) -> [ChatEvent] {
    said.take(events)
    var delta = TextDelta(text: "", tokens: tokens)
    var told: [ChatEvent] = []
    for event in events {
      switch event {
      case .content(let text): delta.text += text
      case .reasoning(let text): delta.reasoning += text
      case .callBegins, .callArguments, .callEnds:
        told += [delta.taken, call(event)].compactMap { $0 }
      }
    }
    return told + [delta.taken].compactMap { $0 }
  }

  private func call(_ event: TurnEvent) -> ChatEvent? {
    switch event {
    case .content, .reasoning: nil
    case .callBegins(let index, let id, let name): .toolCallBegins(index: index, id: id ?? "", name: name)
    case .callArguments(let index, let text): .toolCallArguments(index: index, text: text)
    case .callEnds(let index): .toolCall(said.calls[index])
    }
  }
}

extension TextDelta {
  /// The delta as an event, where there is anything in it; none of it is left.
  fileprivate var taken: ChatEvent? {
    mutating get {
      if text.isEmpty, reasoning.isEmpty, tokens.isEmpty { return nil }
      defer { self = TextDelta(text: "", tokens: []) }
      return .text(self)
    }
  }
}
